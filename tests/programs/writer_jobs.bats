# Commands run periodically, their output appended to a log.

bats_require_minimum_version 1.5.0
load helpers

conf() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" "$@" >w.conf
}

# job NAME SECONDS SCRIPT [MORE]: a job section that runs a shell script into target.
job() {
    printf 'job "%s" { command = {"/bin/sh", "-c", "%s"} interval = %s target = "%s/target" %s }\n' \
        "$1" "$3" "$2" "$PWD" "${4:-}"
}

# has_matching FILE PATTERN COUNT
has_matching() { [ "$(grep -c "$2" "$1")" -ge "$3" ]; }
no_child_named() { ! pgrep -f "$1" >/dev/null; }

@test "several jobs in one daemon: each at its own pace, none drifting" {
    local queue='overlap = "queue"' # so that a busy machine leaves out none

    conf "$(job a 0.2 'date +a:%s%N' "$queue")" "$(job b 0.5 'date +b:%s%N' "$queue")" \
        "$(job c 1 'date +c:%s%N' "$queue")"
    start writer "$WRITER" -n -f w.conf
    wait_for 20 has_matching target ^c 4
    stop writer
    assert_equal 0 "$status"
    # Runs may be late, one by one; but the best of the later ones is at its time as the first was.
    for pace in "a 200" "b 500" "c 1000"; do
        awk -F: -v name="${pace% *}" -v ms="${pace#* }" '
            $1 == name {
                at = substr($2, 6) / 1e6 # milliseconds, without the digits awk cannot hold
                if (!n++)
                    first = at
                late = (at - first) % ms
                if (late > ms / 2)
                    late -= ms
                if (at - first > 1500 && (best == "" || late ^ 2 < best ^ 2))
                    best = late
            }
            END {
                print name ":", n, "runs, the best of the later ones is off by", best, "ms"
                exit best == "" || best ^ 2 > 50 ^ 2 || n < 4000 / ms - 1
            }' target
    done
}

@test "the first run comes after one interval, or at once with first = now" {
    conf "$(job late 600 'echo late')" "$(job soon 600 'echo soon' 'first = "now"')"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 contains target soon
    stop writer
    assert_equal soon "$(cat target)"
}

@test "more sections than the soft limit of descriptors has room for; commands get the usual one" {
    local i jobs=()

    for i in {1..50}; do jobs+=("$(job "j$i" 600 'ulimit -n' 'first = "now"')"); done
    conf "${jobs[@]}"
    start writer bash -c "ulimit -Sn 64 && exec '$WRITER' -n -f w.conf"
    wait_for 20 has_lines target 50
    [ "$(descriptors "$(pgrep -P "$(pid writer)" | tail -n 1)")" -lt 30 ] # not those of all others
    stop writer
    [ "$(sort -u target)" -le 1024 ]
}
descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

@test "output goes out in whole lines; an unterminated last one gets its newline" {
    conf "$(job j 0.3 'printf begin; sleep 0.1; printf ning; echo; printf end' 'first = "now"')"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 4
    stop writer
    assert_equal "$(printf 'beginning\nend\nbeginning\nend')" "$(head -n 4 target)"
}

@test "what it says on standard error and how it ends is logged, with the section's name" {
    conf "$(job j 0.2 'echo careful >&2; exit 3')"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 contains writer.err 'job j: .*exited with status 3'
    contains writer.err 'job j: .*careful'
    stop writer
}

@test "a command that is not there is reported, each time, and the daemon goes on" {
    conf "job \"j\" { command = {\"$PWD/missing\"} interval = 0.1 target = \"$PWD/target\" }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 contains writer.err 'missing: cannot be run: No such file'
    running "$(pid writer)"
    stop writer
    assert_equal 0 "$status"
}

@test "a job that hangs is ended by its timeout, with what it has started" {
    conf "$(job j 30 'echo begun; sleep 7654321 & trap : TERM; wait; sleep 7654321' \
        'first = "now" timeout = 0.2')" "$(job other 0.1 'echo other')"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 contains writer.err 'has run into its timeout'
    wait_for 5 no_child_named 'sleep 7654321'
    contains target begun
    [ "$(grep -c other target)" -ge 5 ] # not disturbed
    stop writer
}

@test "overlap: skip counts the missed runs, queue makes up for them, kill ends the one before" {
    conf "$(job j 0.1 'echo run; sleep 0.25' 'first = "now"')"
    start skip "$WRITER" -n -f w.conf
    wait_for 5 contains skip.err '4 missed so far'
    stop skip
    rm target
    conf "$(job j 0.1 "echo >>$PWD/begun; until [ -e $PWD/go ]; do sleep 0.02; done; echo run" \
        'first = "now" overlap = "queue"')"
    start queue "$WRITER" -n -f w.conf
    wait_for 5 has_lines begun 1
    sleep 1 # ten more fall due
    assert_equal 1 "$(wc -l <begun)"
    touch go
    wait_for 1 has_lines target 11
    stop queue
    conf "$(job j 0.3 'echo begin; sleep 600; echo end' 'first = "now" overlap = "kill"')"
    rm target
    start kill "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 3
    stop kill
    run ! contains target end
}

@test "a flood is held back, takes no memory and disturbs no other" {
    conf "$(job flood 600 'yes 0123456789' 'first = "now"')" "$(job calm 0.2 'echo calm')"
    sed -i '/flood/s|/target|/dev/null|' w.conf
    sed -i "s|$PWD/dev/null|/dev/null|" w.conf
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 5
    for worker in $(pgrep -P "$(pid writer)"); do
        [ "$(awk '/VmHWM/ { print $2 }' "/proc/$worker/status")" -lt 8192 ]
    done
    begin=${EPOCHREALTIME/[.,]/}
    stop writer
    assert_equal 0 "$status"
    [ $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) -lt 4000 ] # and not killed after 5 s
    wait_for 2 no_child_named 'yes 0123456789'
}

@test "a job killed with -9 takes its command with it, and is back" {
    conf "$(job j 0.2 'echo ran; exec sleep 7654322' 'first = "now"')"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 1
    kill -KILL "$(pgrep -P "$(pid writer)")"
    wait_for 5 has_lines target 2
    assert_equal 1 "$(pgrep -cf 'sleep 7654322')"
    stop writer
    wait_for 2 no_child_named 'sleep 7654322'
}

@test "signals and descriptors of a command are as at login" {
    conf "$(job j 600 'grep -E Sig.Blk\\|SigIgn /proc/self/status; ls -l /proc/self/fd | wc -l' 'first = "now"')"
    sed -i 's/Sig.Blk.*SigIgn/SigBlk.SigIgn/; s/-E SigBlk.SigIgn/-e SigBlk -e SigIgn/' w.conf
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 3
    no_signals "$(sed -n 's/^SigBlk:\t//p' target)"
    no_signals "$(sed -n 's/^SigIgn:\t//p' target)"
    assert_equal 5 "$(sed -n 3p target)" # "total", 0, 1, 2 and the directory itself
    stop writer
}

@test "jobs and a replay share a target: whole lines, each once" {
    numbered 1 1000 >source
    conf "$(job a 0.05 'seq -f a%g 1 200')" "$(job b 0.05 'seq -f b%g 1 200')" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 1ms at_end = \"exit\" }"
    start writer "$WRITER" -n -f w.conf
    wait_for 10 contains target 'line 00001000'
    stop writer
    run ! grep -vE '^(line [0-9]{8}|[ab][0-9]+)$' target
    grep ^line target >got
    assert_lines_equal source got
}

@test "overlap = kill: a run that does not end on SIGTERM is killed, and the next one comes" {
    conf "$(job j 0.3 'trap : TERM; echo begin; sleep 0.1; while :; do sleep 0.05; done' \
        'first = "now" overlap = "kill"')"
    start writer "$WRITER" -n -f w.conf
    wait_for 8 has_lines target 2
    contains writer.err 'killed by signal 9'
    stop writer
}

@test "align: runs come at whole intervals of the clock" {
    conf "$(job j 0.5 'date +%s%N' 'align = "yes"')"
    wait_for 5 late_in_the_interval # otherwise it might be by chance
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 4
    stop writer
    while read -r at; do
        [ $((at / 1000000 % 500)) -lt 250 ]
    done <target
}
late_in_the_interval() { [ $((${EPOCHREALTIME/[.,]/} / 1000 % 500)) -ge 300 ]; }

@test "stamp: before each line, though it comes in pieces" {
    conf "$(job j 600 'printf one; sleep 0.2; echo :two; echo; seq 100000' \
        'first = "now" stamp = "<%Y> "')"
    start writer "$WRITER" -n -f w.conf
    wait_for 10 has_lines target 100002
    stop writer
    { echo one:two && echo && seq 100000; } | sed "s/^/<$(date +%Y)> /" >expected
    assert_lines_equal expected target
}
