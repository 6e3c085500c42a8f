# Replays at the pace that the lines' own stamps tell.

bats_require_minimum_version 1.5.0
load helpers

# replay SETTINGS: one that ends with its source.
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" at_end = \"exit\"
            pace = \"timestamps\" $1 }" >w.conf
}

# took COMMAND...: runs it; the milliseconds are then in $took.
took() {
    local begin=${EPOCHREALTIME/[.,]/}

    "$@"
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
}

# arrivals: the replay to standard output; the milliseconds when each line came, after the first.
arrivals() {
    sed -i 's|target = "[^"]*"|target = "/dev/null"|' w.conf
    "$WRITER" -f w.conf -i r 2>err | while IFS= read -r _; do
        echo $((${EPOCHREALTIME/[.,]/} / 1000))
    done | awk 'NR == 1 { first = $1 } { print $1 - first }'
}

# about EXPECTED FOUND: not earlier, and not much later than a busy machine makes it.
about() { [ "$2" -ge $(($1 - 20)) ] && [ "$2" -le $(($1 + 1500)) ]; }

@test "lines come as their stamps are apart, divided by the speed" {
    cat >source <<'END'
2024-05-01T10:00:00.000Z first
2024-05-01T10:00:20.000Z after twenty seconds
2024-05-01T10:00:25.000Z after five seconds
no stamp: with the one before
2024-05-01T10:00:05.000Z late: at once
2024-05-01T10:00:45.000Z twenty seconds after the latest
END
    replay 'speed = 50'
    mapfile -t at < <(arrivals)
    assert_equal 6 "${#at[@]}"
    about 400 "${at[1]}"
    about 500 "${at[2]}"
    about 500 "${at[3]}"
    about 500 "${at[4]}"
    about 900 "${at[5]}"
}

@test "max_gap: a night is shortened, and a stamp decades ahead is no sleep of years" {
    printf '%s\n' '2024-05-01 10:00:00 a' '2024-05-02 10:00:00 b' '2099-01-01 00:00:00 c' \
        '2024-05-02 10:00:01 d' '2024-05-02 10:00:02 e' >source
    replay 'max_gap = 300ms'
    took "$WRITER" -d -f w.conf
    [ "$took" -ge 900 ] && [ "$took" -lt 5000 ] # three gaps
    assert_lines_equal source target
}

@test "timestamp: a format, a column, a pattern" {
    printf '%s\n' 'x 1 epoch 1000000000 y' 'x 1 epoch 1000000010 y' >source
    for where in 'timestamp_column = 4' "timestamp_pattern = 'epoch ([0-9]+)'"; do
        rm -rf kept target
        replay "timestamp = \"epoch\" $where speed = 20"
        took "$WRITER" -d -f w.conf
        [ "$took" -ge 500 ] && [ "$took" -lt 5000 ]
        assert_lines_equal source target
    done
    printf '%s\n' '20171223-22:15:29:606|a' '20171223-22:15:39:606|b' >source
    rm -r kept target
    replay 'timestamp = "%Y%m%d-%H:%M:%S:%f" speed = 20'
    took "$WRITER" -d -f w.conf
    [ "$took" -ge 500 ] && [ "$took" -lt 5000 ]
}

@test "stamps that never match are a clear error" {
    numbered 1 30 >source
    for stamp in auto rfc3164 '%Y%m%d'; do
        replay "timestamp = \"$stamp\""
        run -1 "$WRITER" -d -f w.conf
        [[ $output == *"w.conf:3: timestamp = \"$stamp\": none of the first 30 lines of $PWD/source has such a stamp; allowed are auto, "* ]]
    done
    [ ! -s target ]
}

@test "kill -9 again and again by stamps: the target equals the source" {
    seq -f '10000%05.0f x' 1 3000 >source
    replay 'speed = 1000'
    for i in {1..8}; do
        start writer "$WRITER" -d -f w.conf
        wait_for 5 has_lines target $((i * 100))
        send writer KILL
        ended writer
    done
    sed -i 's/speed = 1000/speed = 1000000/' w.conf
    run -0 "$WRITER" -d -f w.conf
    assert_lines_equal source target
}

@test "each round of a loop begins at once" {
    printf '%s\n' '2024-05-01 10:00:00 a' '2024-05-01 10:00:10 b' >source
    replay 'loop = 3 speed = 50'
    took "$WRITER" -d -f w.conf
    [ "$took" -ge 600 ] && [ "$took" -lt 5000 ]
    assert_equal 6 "$(wc -l <target)"
}

@test "common logs are recognised: order, count and relative times are right" {
    cat >samples <<'END'
Jun 14 15:16:01 combo sshd[1]: a|Jun 14 15:16:11 combo sshd[1]: b
<34>1 2003-10-11T22:14:15.003Z host app - a|<34>1 2003-10-11T22:14:25.003Z host app - b
2015-10-18 18:01:47,978 INFO a|2015-10-18 18:01:57,978 INFO b
::1 - - [10/Oct/2000:13:55:36 -0700] "GET /"|::1 - - [10/Oct/2000:21:55:46 +0100] "GET /"
[Sun Dec 04 04:47:44 2005] [notice] a|[Sun Dec 04 04:47:54 2005] [notice] b
2009/01/01 19:45:44 [error] a|2009/01/01 19:45:54 [error] b
081109 203615 148 INFO a|081109 203625 148 INFO b
- 1117838570 2005.06.03 a|- 1117838580 2005.06.03 b
END
    while IFS='|' read -r one two; do
        printf '%s\n' "$one" "$two" >source
        replay 'speed = 20'
        mapfile -t at < <(arrivals)
        echo "$one: ${at[*]}"
        about 500 "${at[1]}"
    done <samples
}

@test "restamp: the time of writing in the same format, everything else untouched, exact through kills" {
    for i in $(seq 100 999); do echo "2001-02-03 04:05:06,$i line $i"; done >source
    echo 'no stamp' >>source
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" at_end = \"exit\" restamp = yes interval = 1ms }" >w.conf
    today=$(date +%Y-%m-%d)
    for i in 1 2 3 4 5; do
        start writer "$WRITER" -d -f w.conf
        wait_for 5 has_lines target $((i * 100))
        send writer KILL
        ended writer
    done
    run -0 "$WRITER" -d -f w.conf
    [ "$(grep -cE "^($today|$(date +%Y-%m-%d)) [0-9:]{8},[0-9]{3} line" target)" = 900 ]
    assert_lines_equal <(cut -c 25- source) <(cut -c 25- target)
    sort -c target
}
