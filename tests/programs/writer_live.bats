# A replay that is watched and steered while it runs.

bats_require_minimum_version 1.5.0
load helpers

# on_terminal COMMAND: in the background, on a terminal of its own; keys PRESSED are typed there.
on_terminal() {
    require_terminal
    mkfifo typed
    exec 9<>typed
    set -m
    script -qefc "$1" screen <typed >/dev/null 2>&1 3>&- &
    set +m
    echo $! >terminal.started
    names+=(terminal)
}
keys() { printf '%s' "$1" >&9; }

# still FILE: it does not grow for a while.
still() {
    local before

    before=$(wc -l <"$1")
    sleep 0.2 # 20 lines are due in this time
    [ "$(wc -l <"$1")" = "$before" ]
}

@test "on a terminal: rate, lateness and time left are shown; keys pause, resume, set the speed, end" {
    numbered 1 3000 >source
    on_terminal "'$WRITER' source target --interval 10ms"
    wait_for 5 has_lines target 30
    contains screen "of 100/s"
    contains screen "late .* ms"
    contains screen "left"
    keys ' '
    wait_for 5 contains screen paused
    wait_for 5 still target
    keys ' '
    wait_for 5 has_lines target $(($(wc -l <target) + 10))
    keys '++++'
    wait_for 5 contains screen "speed 16"
    wait_for 5 has_lines target 1500 # which would have taken 15 seconds
    keys '='
    wait_for 5 has_lines target $(($(wc -l <target) + 10))
    keys 'q'
    wait_for 5 gone "$(pid terminal)"
    cmp -n "$(stat -c %s target)" source target
    [ "$(wc -l <target)" -lt 3000 ]
    exec 9>&-
}

@test "the terminal is set back at the end, also by a signal" {
    numbered 1 3000 >source
    on_terminal "stty -a >before; sh -c 'echo \$\$ >victim; exec \"$WRITER\" source target'; stty -a >after"
    wait_for 5 has_lines target 1
    kill -TERM "$(cat victim)"
    wait_for 5 gone "$(pid terminal)"
    assert_equal "$(cat before)" "$(cat after)"
    exec 9>&-
}

@test "-T: with what the command line says instead" {
    printf '%s\n' "state = \"$PWD/kept\"" 'replay "r" { source = "/s" target = "/t" }' >w.conf
    "$WRITER" -T -f w.conf -s other -P other.pid >dump
    contains dump "^state = \"$PWD/other\"$"
    contains dump "^pidfile = \"$PWD/other.pid\"$"
    run -0 "$WRITER" -t -f dump
}

@test "SIGHUP with another state directory: it changes with a restart, and no line is written twice" {
    numbered 1 1000 >source
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 10ms }" >w.conf
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 20
    sed -i "s|$PWD/kept|$PWD/elsewhere|; s/interval = 10ms/interval = 1ms/" w.conf
    send writer HUP
    wait_for 5 has_lines target 1000
    assert_lines_equal source target
    [ ! -e elsewhere ]
}

@test "a daemon: speed and pause change on SIGHUP, the place is kept" {
    numbered 1 1000 >source
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 10ms paused = no speed = 1 }" >w.conf
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 20
    sed -i 's/paused = no/paused = yes/' w.conf
    send writer HUP
    wait_for 5 still target
    [ "$(wc -l <target)" -lt 900 ]
    sed -i 's/paused = yes/paused = no/; s/speed = 1/speed = 20/' w.conf
    send writer HUP
    wait_for 5 has_lines target 1000
    assert_lines_equal source target
    stop writer
}

@test "SIGHUP: a section that waits after failures tries again at once" {
    numbered 1 10 >source
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/logs/target\" interval = 1ms }" \
        "replay \"s\" { source = \"$PWD/source\" target = \"$PWD/target\" }" >w.conf
    mkdir logs
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines logs/target 10
    rm -r logs
    kill -KILL "$(pgrep -P "$(pid writer)" -f 'replay r$')"
    wait_for 20 failed_times 6 # and waits for 3.2 seconds now, or 6.4
    mkdir logs
    numbered 11 20 >>source
    send writer HUP
    wait_for 2 has_lines logs/target 10
}
failed_times() {
    [ "$("$CTL" --stats run/w.stats metrics |
        sed -n 's/^linekeeper_section_restarts_total{.*"r".* //p')" -ge "$1" ]
}
