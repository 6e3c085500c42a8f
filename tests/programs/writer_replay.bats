# A recorded log replayed into a live one, in the ad-hoc form and as a section.

bats_require_minimum_version 1.5.0
load helpers

# The leak sanitizer cannot work under strace: ASAN_OPTIONS says so where that is used.

# conf TEXT...: a configuration with its state and pidfile in here.
conf() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" "$@" >w.conf
}

same_as_source() { cmp -s source target; }

@test "the lines come out at their pace, and the program ends with the source" {
    numbered 1 11 >source
    begin=${EPOCHREALTIME/[.,]/}
    run -0 "$WRITER" source target --interval 0.05
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    assert_lines_equal source target
    assert_equal "" "$output"
    [ "$took" -ge 500 ] && [ "$took" -lt 2500 ] # by default: 2500
}

@test "a last line without a newline gets one, CRLF and NUL pass, nothing comes of nothing" {
    printf 'crlf\r\nnul \0 byte\n\n\xff\xfe\nlast' >source
    { cat source && echo; } >expected
    run -0 "$WRITER" source target --interval 0
    cmp expected target
    : >source
    run -0 "$WRITER" source empty --interval 0
    [ ! -s empty ]
}

@test "lines are appended to what is there" {
    numbered 1 3 >source
    echo before >target
    run -0 "$WRITER" source target --interval 0
    assert_equal "$(echo before && cat source)" "$(cat target)"
}

@test "a line longer than any buffer passes whole" {
    { echo short && head -c 3000000 /dev/zero | tr '\0' x && echo && echo short; } >source
    run -0 "$WRITER" source target --interval 0.001
    cmp source target
}

@test "bad input is answered with the name and the reason" {
    numbered 1 3 >source
    run -1 "$WRITER" missing target
    [[ $output == *"/missing: No such file or directory"* ]]
    run -1 "$WRITER" . target
    [[ $output == *": Is a directory"* ]]
    run -1 "$WRITER" /dev/null target
    [[ $output == *"/dev/null: neither a regular file nor a FIFO"* ]]
    run -1 "$WRITER" source missing/target
    [[ $output == *"/missing/target: No such file or directory"* ]]
    run -1 "$WRITER" source home
    [[ $output == *"/home: Is a directory"* ]]
    run -2 "$WRITER" source
    run -2 "$WRITER" source target more
    run -2 "$WRITER" source target --interval nan
    [[ $output == *"nan: not a duration"* ]]
    run -2 "$WRITER" source target --interval -1
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" }"
    run -2 "$WRITER" -f w.conf --interval 1
    run -6 "$WRITER" -f w.conf -t nothing
    [[ $output == *'there is no section "nothing"'* ]]
    [ ! -e target ]
}

@test "standard output: a reader that leaves ends it with an error" {
    numbered 1 1000 >source
    run -0 "$WRITER" source - --interval 0
    assert_equal "$(cat source)" "$output"
    start writer bash -c "'$WRITER' source - --interval 0.01 | head -n 3 >head; exit \${PIPESTATUS[0]}"
    ended writer
    assert_equal 1 "$status"
    contains writer.err "standard output: Broken pipe"
    assert_equal "$(head -n 3 source)" "$(cat head)"
}

@test "without a standard output: an error, and the lines are left for the next run" {
    numbered 1 9 >source
    run -1 bash -c "'$WRITER' -s mine source - --interval 0 >&-"
    [[ $output == *"standard output: Bad file descriptor"* ]]
    run -0 "$WRITER" -s mine source - --interval 0
    assert_equal "$(cat source)" "$output"
}

@test "standard output: an idle replay sees at once that its reader is gone" {
    numbered 1 9 >source
    start writer bash -c "'$WRITER' source - --interval 1h | head -n 1; exit \${PIPESTATUS[0]}"
    ended writer 5
    assert_equal 1 "$status"
}

@test "standard output: a reader that does not read holds it, and a signal still ends it" {
    numbered 1 50000 >source
    mkfifo pipe
    exec 9<>pipe
    start writer bash -c "exec '$WRITER' source - --interval 0 >pipe"
    wait_for 5 contains "/proc/$(pid writer)/wchan" epoll
    stop writer
    assert_equal 0 "$status"
    exec 9>&-
}

@test "a slow reader gets everything, once" {
    numbered 1 50000 >source
    "$WRITER" source - --interval 0 | { sleep 0.2 && cat >target; }
    assert_lines_equal source target
}

@test "a FIFO is waited for, and the lines go to its reader" {
    numbered 1 100 >source
    mkfifo target
    start writer "$WRITER" source target --interval 0.001
    wait_for 5 contains writer.err "target: nobody reads this FIFO"
    timeout 10 cat target >got
    ended writer
    assert_equal 0 "$status"
    assert_lines_equal source got
}

@test "SIGTERM ends it after a whole line, and with -s the next run goes on" {
    numbered 1 2000 >source
    start writer "$WRITER" -s kept source target --interval 0.001
    wait_for 5 has_lines target 100
    stop writer
    assert_equal 0 "$status"
    cmp -n "$(stat -c %s target)" source target
    assert_equal "" "$(tail -c 1 target)" # a newline
    run -0 "$WRITER" -s kept source target --interval 0
    assert_lines_equal source target
    run -0 "$WRITER" -s kept source target --interval 0
    assert_lines_equal source target
}

@test "kill -9 again and again: the target equals the source" {
    numbered 1 3000 >source
    for i in {1..20}; do
        start writer "$WRITER" -s kept source target --interval 0.001
        wait_for 5 has_lines target $((i * 100))
        send writer KILL
        ended writer
        assert_equal 137 "$status"
    done
    run -0 "$WRITER" -s kept source target --interval 0
    assert_lines_equal source target
}

@test "kill -9 at every system call of a run: the target equals the source" {
    require strace
    numbered 1 6 >source
    points=0
    for call in openat newfstatat flock write fallocate mmap fdatasync fsync renameat timerfd_settime; do
        for n in {1..60}; do
            rm -rf kept target
            if ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when="$n" \
                "$WRITER" -s kept source target --interval 0.001; then
                break
            fi
            points=$((points + 1))
            run -0 "$WRITER" -s kept source target --interval 0
            assert_lines_equal source target || { echo "killed at $call $n" && false; }
        done
    done
    [ "$points" -gt 100 ]
}

@test "after another boot the checkpoint and the target's growth say where to go on" {
    numbered 1 3000 >source
    start writer "$WRITER" -s kept source target --interval 0.001
    wait_for 5 has_lines target 1500
    send writer KILL
    ended writer
    rm kept/*.batch # not believed after another boot
    printf 'line 0000' >>target # and a line cut by the power failure
    before=$(wc -l <target)
    sed -n "$((before + 1))p" source | grep -q '^line 0000'
    run -0 "$WRITER" -s kept source target --interval 0
    assert_lines_equal source target
}

@test "a damaged checkpoint is kept for a look and not obeyed" {
    numbered 1 10 >source
    run -0 "$WRITER" -s kept source target --interval 0
    echo garbage >"$(echo kept/*.checkpoint)"
    run -0 "$WRITER" -s kept source target --interval 0
    [[ $output == *"damaged"* ]]
    ls kept/*.damaged
    assert_equal "$(cat source source)" "$(cat target)"
}

@test "another log at the source's path is replayed from its beginning" {
    numbered 1 10 >source
    run -0 "$WRITER" -s kept source target --interval 0
    numbered 501 520 >other
    cp source old && mv other source
    run -0 "$WRITER" -s kept source target --interval 0
    [[ $output == *"not the log that was being replayed"* ]]
    assert_equal "$(cat old source)" "$(cat target)"
}

@test "two at work on one section: the second is refused" {
    numbered 1 1000 >source
    start writer "$WRITER" -s kept source target --interval 0.1
    wait_for 5 has_lines target 1
    run -1 "$WRITER" -s kept source target --interval 0
    [[ $output == *"another process is at work"* ]]
}

@test "a daemon stays at the end of the source and goes on when it grows" {
    numbered 1 5 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 1ms }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 same_as_source
    numbered 6 9 >>source
    wait_for 5 same_as_source
    printf 'unfinished' >>source
    wait_for 5 contains target unfinished
    echo >>source
    numbered 10 12 >>source
    wait_for 5 same_as_source
    stop writer
    assert_equal 0 "$status"
}

@test "a source replaced or truncated while a daemon replays it is reported, and the new one replayed" {
    numbered 1 5 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 1ms }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 same_as_source
    numbered 101 103 >new
    cat source new >expected
    mv new source
    wait_for 5 cmp -s expected target
    contains writer.err "was replaced"
    numbered 201 202 >source
    cat source >>expected
    wait_for 5 cmp -s expected target
    contains writer.err "was truncated or overwritten"
}

@test "at_end = loop starts over, at_end = exit ends the section" {
    numbered 1 5 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 1ms at_end = \"loop\" }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 50
    stop writer
    head -n 50 target >got
    for _ in {1..10}; do cat source; done >expected
    assert_lines_equal expected got
    conf "replay \"e\" { source = \"$PWD/source\" target = \"$PWD/exit\" interval = 1ms at_end = \"exit\" }"
    run -0 "$WRITER" -n -f w.conf
    assert_lines_equal source exit
}

@test "a changed interval in the configuration changes the pace and keeps the place" {
    numbered 1 500 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 20ms }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 10
    sed -i 's/20ms/1ms/' w.conf
    send writer HUP
    wait_for 5 same_as_source
    stop writer
    assert_lines_equal source target
}

@test "a target that was rotated away is opened again, by itself and on SIGHUP" {
    numbered 1 3000 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 1ms }"
    start writer "$WRITER" -n -f w.conf
    for i in 1 2 3; do
        wait_for 5 has_lines target 50
        mv target "target.$i"
        case $i in
        1) touch target ;;
        2) send writer HUP ;;
        esac # and 3: made again after a second
    done
    wait_for 5 has_lines target 50
    wait_for 10 contains target 'line 00003000'
    assert_equal "$(cat source)" "$(cat target.1 target.2 target.3 target)"
}

@test "a deleted target gets no more lines: a new one is made at once" {
    numbered 1 1000 >source
    start writer "$WRITER" source target --interval 1ms
    wait_for 5 has_lines target 10
    ln target kept-name && rm kept-name # only another name, nothing happens
    rm target
    wait_for 5 has_lines target 10
    ended writer
    tail -n "$(wc -l <target)" source | cmp - target
}

@test "several replays into one target: whole lines only, none lost though they are killed" {
    sections=()
    for name in a b c; do
        numbered 1 1500 | sed "s/^/$name /" >"source.$name"
        sections+=("replay \"$name\" { source = \"$PWD/source.$name\" target = \"$PWD/target\" interval = 1ms at_end = \"exit\" }")
    done
    conf "${sections[@]}"
    start writer "$WRITER" -n -f w.conf
    for i in {1..8}; do
        wait_for 5 has_lines target $((i * 100))
        victim=$(pgrep -P "$(pid writer)" | head -n $((i % 3 + 1)) | tail -n 1)
        [ -z "$victim" ] || kill -KILL "$victim"
    done
    ended writer 30
    assert_equal 0 "$status"
    for name in a b c; do
        grep "^$name" target >"got.$name"
        assert_lines_equal "source.$name" "got.$name"
    done
    assert_equal 4500 "$(wc -l <target)"
}

@test "a full disk: reported once, and gone on at the very byte when there is room" {
    unshare -mr true 2>/dev/null || skip "no user namespaces to mount a small disk in"
    numbered 1 20000 >source
    mkdir disk
    cat >inside <<'END'
mount -t tmpfs -o size=64k tmpfs disk || exit 99
head -c 20000 /dev/zero >disk/ballast
"$WRITER" source disk/target --interval 0 2>full.err &
for i in $(seq 500); do grep -q 'No space' full.err && break; sleep 0.02; done
size=$(stat -c %s disk/target)
[ "$size" -gt 0 ] && cmp -n "$size" source disk/target || exit 98
mount -o remount,size=4m disk
wait $! || exit 97
cmp source disk/target
END
    run -0 unshare -mr sh inside
    assert_equal 1 "$(grep -c 'No space left' full.err)"
    contains full.err "can be written to again"
}

@test "one write for a batch, and no wake-up without a line due" {
    require strace
    numbered 1 20 >source
    run -0 env ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=write,epoll_wait "$WRITER" source target --interval 10ms
    [ "$(grep -c 'write(.*line 000' trace)" -le 20 ] # fewer where the machine made it late
    [ "$(grep -c epoll_wait trace)" -le 22 ]
    numbered 1 20000 >source
    run -0 env ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=write "$WRITER" source fast --interval 0
    [ "$(grep -c 'write(.*line 000' trace)" -le 3 ]
    assert_lines_equal source fast
}

@test "the pace does not drift, and a stopped process catches up" {
    numbered 1 200 >source
    begin=${EPOCHREALTIME/[.,]/}
    start writer "$WRITER" source target --interval 10ms
    wait_for 5 has_lines target 20
    send writer STOP
    before=$(wc -l <target)
    wait_for 5 zombie_or_stopped "$(pid writer)"
    sleep 2.5 # the stall itself
    [ "$(wc -l <target)" -le $((before + 1)) ]
    send writer CONT
    ended writer
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    assert_lines_equal source target
    [ "$took" -ge 2500 ] && [ "$took" -lt 4000 ] # without: 4300
}
zombie_or_stopped() { grep -q '^State:.[TZ]' "/proc/$1/status"; }

@test "a progress bar on a terminal: lines, percent, time left" {
    require_terminal
    numbered 1 100 >source
    script -qec "'$WRITER' source target --interval 5ms" bar >/dev/null
    contains bar "100 lines"
    contains bar "100%"
    contains bar "left"
    run -0 "$WRITER" source again --interval 0
    assert_equal "" "$output"
}

@test "a hang-up of the terminal ends an ad-hoc run" {
    numbered 1 1000 >source
    start writer "$WRITER" source target
    wait_for 5 has_lines target 1
    stop writer HUP
    assert_equal 0 "$status"
}
