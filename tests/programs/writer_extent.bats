# Which part of the source is replayed, and how often.

bats_require_minimum_version 1.5.0
load helpers

# replay SETTINGS
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" $1 }" >w.conf
}

@test "loop = n: so often, with a pause between, and the daemon ends" {
    numbered 1 100 >source
    replay 'interval = 0 loop = 3 loop_delay = 0.2 at_end = "exit"'
    begin=${EPOCHREALTIME/[.,]/}
    run -0 "$WRITER" -n -f w.conf
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    [ "$took" -ge 400 ]
    cat source source source >expected
    assert_lines_equal expected target
    run -0 "$WRITER" -n -f w.conf # it is through with it
    assert_lines_equal expected target
}

@test "loop = n: counted over kills, and of a pattern" {
    mkdir logs
    numbered 1 100 >logs/a
    numbered 101 200 >logs/b
    touch -d yesterday logs/a
    replay 'interval = 1ms loop = 5 at_end = "exit"'
    sed -i "s|/source|/logs/*|" w.conf
    for i in {1..8}; do
        start writer "$WRITER" -d -f w.conf
        wait_for 5 has_lines target $((i * 100))
        send writer KILL
        ended writer
    done
    run -0 "$WRITER" -d -f w.conf
    for _ in {1..5}; do cat logs/a logs/b; done >expected
    assert_lines_equal expected target
}

@test "start_at: each round begins with this line; more than there are is an error" {
    numbered 1 100000 >source
    replay 'interval = 0 start_at = 99001 loop = 2 at_end = "exit"'
    run -0 "$WRITER" -d -f w.conf
    { numbered 99001 100000 && numbered 99001 100000; } >expected
    assert_lines_equal expected target
    rm -r kept
    replay 'start_at = 100001 at_end = "exit"'
    run -0 "$WRITER" -d -f w.conf # behind the last line there is nothing, yet
    replay 'start_at = 100002 at_end = "exit"'
    rm -r kept
    run -1 "$WRITER" -d -f w.conf
    [[ $output == *"w.conf:3: start_at = \"100002\": the source has no such line"* ]]
}

# The log of a day and the next, over the end of a year that it does not tell.
over_new_year() {
    printf 'Dec 31 23:59:%02d host a: line\n  and its second\n' 57 58 59
    printf 'Jan  1 00:00:%02d host a: line\n' 0 1 2 3
}

@test "start_at a time stamp: the first line that is not earlier" {
    over_new_year >source
    while IFS='|' read -r stamp line; do
        rm -rf kept target
        replay "interval = 0 start_at = \"$stamp\" loop = 2 at_end = \"exit\""
        run -0 "$WRITER" -d -f w.conf
        { tail -n "+$line" source && tail -n "+$line" source; } >expected
        assert_lines_equal expected target
    done <<'END'
Dec 31 12:00:00|1
Dec 31 23:59:58|3
Jan  1 00:00:00|7
Jan  1 00:00:02|9
END
    rm -rf kept
    replay 'start_at = "Jan  2 00:00:00"'
    run -1 "$WRITER" -d -f w.conf
    [[ $output == *'w.conf:3: start_at = "Jan  2 00:00:00": the source has no such line'* ]]
    replay 'start_at = "2024-01-02 00:00:00" timestamp = "rfc3164"'
    run -6 "$WRITER" -t -f w.conf
    [[ $output == *'w.conf:3: start_at = "2024-01-02 00:00:00": allowed are the number of a line'* ]]
}

@test "stop_after lines: counted over kills, and no line more" {
    numbered 1 1000 >source
    replay 'interval = 1ms stop_after = "500 lines"'
    for i in 1 2 3; do
        start writer "$WRITER" -n -f w.conf
        wait_for 5 has_lines target $((i * 100))
        send writer KILL
        ended writer
    done
    run -0 "$WRITER" -n -f w.conf
    head -n 500 source >expected
    assert_lines_equal expected target
    run -0 "$WRITER" -n -f w.conf
    assert_lines_equal expected target
}

@test "stop_after a time: the section ends, also while it waits" {
    numbered 1 3 >source
    replay 'interval = 1ms stop_after = 0.5s'
    begin=${EPOCHREALTIME/[.,]/}
    run -0 "$WRITER" -n -f w.conf
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    [ "$took" -ge 500 ]
    assert_lines_equal source target
}
