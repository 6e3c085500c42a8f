# The tailer as a daemon: detached, with its pidfile, signals, several sections and their workers.

bats_require_minimum_version 1.5.0
load helpers
load tailer

# launch [OPTION...]: detached, as from a terminal; returns when it is up.
launch() { "$TAILER" -f t.conf "$@" 3>&-; }
daemon() { cat run/t.pid; }
section_worker() { pgrep -P "$1" -f "tail $2\$"; }

# two_sections: "t" as conf makes it, and "u" beside it.
two_sections() {
    conf "$@"
    cat >>t.conf <<CONF
handler "other" { type = "file" path = "$PWD/got.u" }
tail "u" { path = {"$PWD/log.u"} handler = "other" interval = 20ms }
CONF
}

# open_room: to other users.
open_room() {
    local directory=$PWD

    chmod 755 .
    until [ "$directory" = / ]; do chmod o+x "$directory" && directory=$(dirname "$directory"); done
}

field() { cut -d' ' -f"$2" <"/proc/$1/stat"; } # its command name has a dash, and no blank or bracket

# --- detached ---

@test "detached: no terminal, no parent but init, nothing inherited, up when it returns" {
    require_terminal
    numbered 1 10 | tee log >expected
    conf
    exec 7<log
    script -qec "'$TAILER' -f t.conf" terminal >/dev/null 3>&- # with a terminal to leave
    exec 7<&-
    pid=$(daemon)
    delivered
    assert_equal 0 "$(field "$pid" 7)" # tty_nr
    assert_equal / "$(readlink "/proc/$pid/cwd")"
    [ "$(ps -o sid= -p "$pid" | tr -d ' ')" != "$pid" ]
    parent=$(ps -o ppid= -p "$pid" | tr -d ' ')
    [ "$parent" = 1 ] || [[ $(ps -o args= -p "$parent") != *linekeeper* ]] # or a subreaper
    for fd in 0 1 2; do assert_equal /dev/null "$(readlink "/proc/$pid/fd/$fd")"; done
    for process in "$pid" "$(section_worker "$pid" t)"; do
        run ls -l "/proc/$process/fd"
        [[ $output != *"/log.u"* && $output != *" 7 -> $PWD/log" && $output != *pts/* ]]
    done
    assert_equal "$(stat -c %U run/t.pid)" "$(id -un)"
    kill "$pid"
    wait_for 1 gone "$pid"
    [ ! -e run/t.pid ]
}

@test "a descriptor that was inherited is closed in the daemon and its workers" {
    : >log && : >secret
    conf
    exec 7<secret
    launch
    exec 7<&-
    for process in "$(daemon)" "$(section_worker "$(daemon)" t)"; do
        run ls -l "/proc/$process/fd"
        [[ $output != *secret* ]]
    done
}

@test "stopped within a second, and a restart goes on at the very next line" {
    numbered 1 1000 | tee log >expected
    conf
    for i in 1 2 3; do
        launch
        delivered
        pid=$(daemon)
        kill "$pid"
        numbered $((i * 1000 + 1)) $((i * 1000 + 500)) | tee -a log >>expected
        wait_for 1 gone "$pid"
    done
    launch
    delivered
}

@test "a second instance is refused with the pid of the first, which does not notice" {
    numbered 1 10 | tee log >expected
    conf
    launch
    delivered
    run -1 launch
    [[ $output == *"already running with pid $(daemon)"* ]]
    run -1 launch -n
    [[ $output == *"already running with pid $(daemon)"* ]]
    numbered 11 20 | tee -a log >>expected
    delivered
}

@test "a pidfile left behind by a crash is no obstacle" {
    numbered 1 10 | tee log >expected
    conf
    launch
    delivered
    pid=$(daemon)
    worker=$(section_worker "$pid" t)
    kill -KILL "$pid"
    wait_for 5 gone "$worker" # it goes with its supervisor
    assert_equal "$pid" "$(daemon)"
    numbered 11 20 | tee -a log >>expected
    launch
    delivered
    [ "$pid" != "$(daemon)" ]
}

@test "what keeps it from starting is told on the terminal, with a status that says whose fault" {
    : >log
    conf
    run -6 "$TAILER" -f missing.conf
    [[ $output == *"missing.conf: No such file"* ]]
    run -6 "$TAILER" -f t.conf nothing
    [[ $output == *'there is no section "nothing"'* ]]
    mkdir got # where the handler would write
    run launch
    [ "$status" -ne 0 ]
    [[ $output == *"/got: "* ]]
    [ ! -e run/t.pid ]
    rmdir got
    run launch -P /proc/nowhere/t.pid
    [ "$status" -ne 0 ]
    [[ $output == *"/proc/nowhere"* ]]
    run launch -s log
    [ "$status" -ne 0 ]
    [[ $output == *"/log: "* ]]
    run -2 "$TAILER" --no-such-option
    run -2 "$TAILER" -t log
}

@test "without the permission: exit 4" {
    require_root
    require setpriv
    local directory=$PWD
    until [ "$directory" = / ]; do chmod o+x "$directory" && directory=$(dirname "$directory"); done
    : >log
    conf
    chmod 644 t.conf
    mkdir kept
    chown nobody run
    cp "$TAILER" tailer
    run -4 setpriv --reuid=nobody --regid=nogroup --clear-groups ./tailer -n -f t.conf
    [[ $output == *"kept"*"Permission denied"* ]]
}

@test "privileges are dropped for good, and logs are read with the new ones" {
    require_root
    open_room
    numbered 1 10 | tee log >expected
    chmod 644 log
    install -d -o nobody out run
    conf
    sed -i -e "s|$PWD/got|$PWD/out/got|" -e '1i user = "nobody"\ngroup = "nogroup"' t.conf
    launch
    wait_for 5 cmp -s expected out/got
    for process in "$(daemon)" "$(section_worker "$(daemon)" t)"; do
        assert_equal "65534 65534 65534 65534" "$(awk '/^Uid/ { print $2, $3, $4, $5 }' "/proc/$process/status")"
        assert_equal 0000000000000000 "$(awk '/^CapPrm/ { print $2 }' "/proc/$process/status")"
    done
    assert_equal nobody "$(stat -c %U out/got kept | sort -u)"
    pid=$(daemon)
    kill "$pid"
    wait_for 1 gone "$pid"
}

@test "a relative -f, -P and -s hold after it has left the directory" {
    numbered 1 10 | tee log >expected
    conf
    launch -P here.pid -s here
    delivered
    [ -e here/tail-t.checkpoint ]
    [ -e here.pid ]
    kill -HUP "$(cat here.pid)"
    numbered 11 20 | tee -a log >>expected
    delivered
    kill "$(cat here.pid)"
    wait_for 5 test ! -e here.pid
}

@test "ps names the supervisor and the sections" {
    : >log
    two_sections
    launch
    run ps -o args= --ppid "$(daemon)"
    [[ $output == *"linekeeper-tailer: tail t"* && $output == *"linekeeper-tailer: tail u"* ]]
}

@test "only the sections that are named run" {
    numbered 1 10 >log && numbered 1 10 >log.u
    two_sections
    launch u
    wait_for 5 cmp -s log.u got.u
    assert_equal 1 "$(pgrep -c -P "$(daemon)")"
    [ ! -e got ]
}

# --- workers ---

@test "a worker that dies is started again and loses nothing; the other does not notice" {
    numbered 1 100 | tee log log.u >expected
    two_sections
    follow_it
    other=$(section_worker "$(pid tailer)" u)
    for i in 1 2 3; do
        kill -KILL "$(section_worker "$(pid tailer)" t)"
        numbered $((i * 100 + 1)) $((i * 100 + 100)) | tee -a log log.u >>expected
        delivered
    done
    assert_equal "$other" "$(section_worker "$(pid tailer)" u)"
    wait_for 5 cmp -s expected got.u
    contains tailer.err "tail t: killed by SIGKILL"
    finish
    cmp expected got.u
}
follow_it() {
    start tailer "$TAILER" -n -f t.conf
    delivered
}

@test "a worker that somebody else tells to stop is no finished section: it is started again" {
    numbered 1 10 | tee log >expected
    conf
    follow_it
    kill "$(worker t)"
    wait_for 5 contains tailer.err "tail t: killed by SIGTERM"
    numbered 11 20 | tee -a log >>expected
    delivered
    finish
    [ "$(wc -l <tailer.err)" = 3 ] # running, killed, stopped
}

@test "SIGTERM while a worker is stopped or hangs: out within stop_timeout" {
    numbered 1 10 | tee log >expected
    conf
    sed -i '1i stop_timeout = 300ms' t.conf
    follow_it
    kill -STOP "$(worker t)"
    stop tailer
    contains tailer.err "does not stop, killing it"
    numbered 11 20 | tee -a log >>expected
    follow_it
    finish
}

@test "every signal twice, as from a terminal, is one" {
    numbered 1 10 | tee log >expected
    conf
    follow_it
    kill -INT -- "-$(pid tailer)"
    kill -INT -- "-$(pid tailer)" 2>/dev/null || true
    ended tailer
    assert_equal 0 "$status"
    assert_lines_equal expected got
    assert_equal "" "$(find run -name '*.pid')"
}

# --- SIGHUP ---

@test "SIGHUP, nothing changed: nobody notices; the output is opened again" {
    numbered 1 10 | tee log >expected
    conf
    follow_it
    worker=$(worker t)
    mv got got.1
    send tailer HUP
    wait_for 5 contains tailer.err "configuration read again"
    wait_for 5 test -e got
    numbered 11 20 >>log
    wait_for 5 has_lines got 10
    assert_equal "$worker" "$(worker t)"
    stop tailer
    assert_equal "$(cat log)" "$(cat got.1 got)"
}

@test "SIGHUP, one section changed: offsets are kept, the other keeps its process" {
    numbered 1 100 | tee log log.u >expected
    two_sections
    follow_it
    t=$(worker t) u=$(worker u)
    two_sections 'interval = 30ms'
    send tailer HUP
    wait_for 5 other_process t "$t"
    assert_equal "$u" "$(worker u)"
    numbered 101 110 | tee -a log log.u >>expected
    delivered
    wait_for 5 cmp -s expected got.u
    finish
}
other_process() { [ -n "$(worker "$1")" ] && [ "$(worker "$1")" != "$2" ]; }

@test "SIGHUP with another state directory: it changes with a restart, and no line comes twice" {
    numbered 1 100 | tee log >expected
    follow
    delivered
    wait_for 5 contains kept/tail-t.checkpoint ':1400:'
    sed -i "s|$PWD/kept|$PWD/elsewhere|; s/interval = 20ms/interval = 10ms/" t.conf
    old=$(worker t)
    send tailer HUP
    wait_for 5 gone "$old"
    numbered 101 110 | tee -a log >>expected
    delivered
    finish
    [ ! -e elsewhere ]
}

@test "SIGHUP without root's rights any more: the default of the state directory is the same" {
    require_root
    unshare --mount true 2>/dev/null || skip "no place to mount in"
    numbered 1 100 | tee log >expected
    open_room
    chmod 644 log
    install -d -o nobody out run
    conf
    sed -i -e "s|$PWD/got|$PWD/out/got|" -e 's/^state.*/user = "nobody"/' t.conf
    ln -s out/got got
    # shellcheck disable=SC2016
    start tailer unshare --mount sh -c 'mount -t tmpfs none /var/lib && exec "$0" -n -f t.conf' "$TAILER"
    delivered
    sed -i "s/interval = 20ms/interval = 10ms/" t.conf
    old=$(worker t)
    send tailer HUP
    wait_for 5 gone "$old"
    contains tailer.err 'configuration read again'
    numbered 101 110 | tee -a log >>expected
    delivered
    finish
}

@test "SIGHUP with sections added and removed" {
    numbered 1 100 | tee log log.u >expected
    conf
    follow_it
    t=$(worker t)
    two_sections
    send tailer HUP
    wait_for 5 cmp -s expected got.u
    assert_equal "$t" "$(worker t)"
    u=$(worker u)
    conf
    send tailer HUP
    wait_for 5 gone "$u"
    numbered 101 110 | tee -a log >>expected
    delivered
    assert_equal "$t" "$(worker t)"
    finish
}

@test "SIGHUP with a bad configuration: the old one stays, and file and line are told" {
    numbered 1 10 | tee log >expected
    conf
    follow_it
    t=$(worker t)
    cp t.conf good
    while IFS= read -r mistake; do
        { cat good && printf '%b' "$mistake\n"; } >t.conf
        : >tailer.err
        send tailer HUP
        wait_for 5 contains tailer.err "configuration not changed"
        contains tailer.err "t.conf:[0-9]*: "
        run -6 "$TAILER" -t -f t.conf
        [[ $output == *"t.conf:"[0-9]*": "* ]]
    done <<'END'
tail "x" {
nonsense = 1
tail "t" { path = {"/x"} handler = "out" }
tail "x" { path = {"relative"} handler = "out" }
tail "x" { path = {"/x"} handler = "missing" }
tail "x" { path = {"/x"} handler = "out" interval = nan }
tail "x" { path = {"/x"} handler = "out" interval = "${NO_SUCH_VARIABLE}" }
END
    rm t.conf
    : >tailer.err
    send tailer HUP
    wait_for 5 contains tailer.err "configuration not changed"
    assert_equal "$t" "$(worker t)"
    numbered 11 20 | tee -a log >>expected
    delivered
    finish
}

@test "a storm of SIGHUPs: the last one counts, nothing leaks, no line is lost" {
    numbered 1 100 | tee log >expected
    conf
    follow_it
    before=$(descriptors "$(pid tailer)")
    number=100
    for i in {1..100}; do
        conf "interval = $((i % 2 + 20))ms"
        [ $((i % 10)) != 5 ] || echo 'bad {' >>t.conf
        send tailer HUP
        numbered $((number + 1)) $((number + 10)) | tee -a log >>expected
        number=$((number + 10))
    done
    two_sections
    cp log log.u
    send tailer HUP
    wait_for 10 cmp -s log got.u
    delivered
    wait_for 5 has_workers 2
    conf
    send tailer HUP
    wait_for 5 has_workers 1
    wait_for 5 has_descriptors "$(pid tailer)" "$before"
    finish
}
has_workers() { [ "$(pgrep -c -P "$(pid tailer)")" -eq "$1" ]; }

# --- configuration ---

@test "-t answers OK, -T prints what -t accepts again" {
    : >log
    two_sections 'path = "/a b/*.log", "/q\"uote"'
    run -0 "$TAILER" -t -f t.conf
    [[ $output == *"configuration OK"* ]]
    "$TAILER" -T -f t.conf >dumped.conf
    run -0 "$TAILER" -t -f dumped.conf
    "$TAILER" -T -f dumped.conf | cmp - dumped.conf
    contains dumped.conf 'checkpoint_interval = '
    [ ! -e run/t.pid ]
    [ ! -e kept ]
}

@test "drop-ins are read in order of their names" {
    numbered 1 5 | tee log >expected
    conf
    mkdir t.conf.d
    sed -n '/^tail/,$p' t.conf >t.conf.d/20-tail.conf
    sed -n '/^handler/p' t.conf >t.conf.d/10-handler.conf
    sed -i '/^handler/,$d' t.conf
    echo 'broken {' >t.conf.d/ignored.txt
    once
    assert_lines_equal expected got
}

@test "a print handler prints to nowhere in a daemon that detaches: exit 6; with -n it prints" {
    numbered 1 5 >log
    cat >t.conf <<CONF
state = "$PWD/kept"
pidfile = "$PWD/run/t.pid"
handler "screen" { type = "print" }
tail "t" { path = {"$PWD/log"} handler = "screen" interval = 20ms }
CONF
    run -6 launch
    [[ $output == *"t.conf:4: "*"print"* ]]
    start tailer "$TAILER" -n -f t.conf
    wait_for 5 cmp -s log tailer.out
}

@test "log = stderr in a daemon that detaches: exit 6, and what is allowed" {
    numbered 1 10 | tee log >expected
    conf
    echo 'log = "stderr"' >>t.conf
    run -6 launch
    [[ $output == *'log = "stderr"'*'allowed'*'-n'* ]]
    start tailer "$TAILER" -n -f t.conf
    delivered
    finish
}

@test "-d runs one section in this very process, saying more; several want a name" {
    numbered 1 5 | tee log >expected
    conf
    start tailer "$TAILER" -d -f t.conf
    delivered
    assert_equal "" "$(pgrep -P "$(pid tailer)")"
    finish
    two_sections
    run -2 "$TAILER" -d -f t.conf
    [[ $output == *"name the one to run"* ]]
    numbered 6 9 | tee -a log >>expected
    start tailer "$TAILER" -d -f t.conf t
    delivered
    finish
}

@test "readiness, reload and stopping are told to systemd" {
    require socat
    numbered 1 5 | tee log >expected
    conf
    start manager socat -u UNIX-RECVFROM:"$PWD/notify",fork STDOUT
    wait_for 5 test -S notify
    NOTIFY_SOCKET=$PWD/notify start tailer "$TAILER" -n -f t.conf
    wait_for 5 contains manager.out 'READY=1'
    send tailer HUP
    wait_for 5 contains manager.out 'RELOADING=1'
    contains manager.out 'MONOTONIC_USEC='
    wait_for 5 two_ready
    stop tailer
    wait_for 5 contains manager.out 'STOPPING=1'
    assert_lines_equal expected got
}
two_ready() { [ "$(grep -c READY=1 manager.out)" -ge 2 ]; }
