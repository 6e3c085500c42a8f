# Records of several lines, told by a pattern.

bats_require_minimum_version 1.5.0
load helpers

# replay SETTINGS
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" record_start = '^[0-9]' $1 }" >w.conf
}

# records FROM TO: of three lines each.
records() { for i in $(seq "$1" "$2"); do printf '%s begins\n\tgoes on\n\tends\n' "$i"; done; }

only_whole_records() { [ $(($(wc -l <target) % 3)) = 0 ]; }

@test "records are written whole and paced as such, the last one at the end, too" {
    require strace
    records 1 40 >source
    replay 'interval = 10ms at_end = "exit"'
    start writer env ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=write "$WRITER" -d -f w.conf
    ended writer
    assert_equal 0 "$status"
    assert_lines_equal source target
    run ! grep -E 'write\([0-9]+, "\\tgoes' trace
    [ "$(grep -cE 'write\([0-9]+, "[0-9]+ begins' trace)" -gt 20 ]
}

@test "a daemon finds the last record complete when it grows no more, in a file and in a FIFO" {
    records 1 3 >source
    replay 'interval = 1ms'
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 9
    records 4 4 >>source
    wait_for 5 has_lines target 12
    assert_lines_equal source target
    stop writer
    rm -r source target kept
    mkfifo source
    start writer "$WRITER" -n -f w.conf
    records 1 3 >source
    wait_for 5 has_lines target 9
    stop writer
}

@test "kill -9 again and again: only whole records, each once" {
    records 1 1000 >source
    replay 'interval = 1ms at_end = "exit"'
    for i in {1..8}; do
        start writer "$WRITER" -d -f w.conf
        wait_for 5 has_lines target $((i * 200))
        send writer KILL
        ended writer
        only_whole_records
    done
    run -0 "$WRITER" -d -f w.conf
    assert_lines_equal source target
}

@test "stop_after lines ends behind a whole record" {
    records 1 1000 >source
    replay 'interval = 0 stop_after = "100 lines"'
    run -0 "$WRITER" -d -f w.conf
    assert_equal 102 "$(wc -l <target)"
}
