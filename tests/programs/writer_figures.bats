# What the writer's sections show of themselves in the .stats file.

bats_require_minimum_version 1.5.0
load helpers

conf() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" "$@" >w.conf
}

# figure NAME: of the only section, out of its page; see src/daemon/stats.h.
figure() {
    local offset

    offset=$(grep -abo "$1" run/w.stats | head -n 1 | cut -d : -f 1)
    od -A n -t u8 -j $((offset + 48)) -N 8 run/w.stats | tr -d ' '
}

# shows NAME LEAST [MOST]
shows() {
    local value

    value=$(figure "$1")
    [ "$value" -ge "$2" ] && [ "$value" -le "${3:-$value}" ]
}

@test "a replay shows its lines, bytes, loops, place and lateness" {
    numbered 1 50 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 1ms }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 shows source_offset_bytes "$(stat -c %s source)"
    wait_for 5 shows behind_lines 0 0
    assert_equal 50 "$(figure lines_total)"
    assert_equal "$(stat -c %s source)" "$(figure written_bytes_total)"
    assert_equal "$(stat -c %s source)" "$(figure source_size_bytes)"
    assert_equal 0 "$(figure loops_total)"
    shows lateness_max_microseconds 1
    stop writer
    conf "replay \"l\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 100us at_end = \"loop\" }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 shows loops_total 3
    stop writer
}

@test "a stall shows in the lateness" {
    numbered 1 1000 >source
    conf "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" interval = 10ms }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 shows lines_total 5
    worker=$(pgrep -P "$(pid writer)")
    kill -STOP "$worker"
    sleep 0.3 # the stall itself
    kill -CONT "$worker"
    wait_for 5 shows lateness_max_microseconds 200000
    wait_for 5 shows lateness_microseconds 0 50000
    stop writer
}

@test "a job shows its runs, failures, timeouts, missed runs, run time and exit status" {
    conf "job \"j\" { command = {\"/bin/sh\", \"-c\", \"echo one; sleep 0.3; exit 3\"}
        interval = 0.2 target = \"$PWD/target\" first = \"now\" }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 shows failed_total 2
    shows runs_total 2
    shows missed_total 1
    shows lines_total 2
    shows written_bytes_total 8
    shows last_run_microseconds 300000 5000000
    assert_equal 3 "$(figure last_exit_status)"
    assert_equal 0 "$(figure timeouts_total)"
    stop writer
    conf "job \"j\" { command = {\"/bin/sleep\", \"600\"} interval = 0.5 target = \"$PWD/target\"
        first = \"now\" timeout = 0.1 }"
    start writer "$WRITER" -n -f w.conf
    wait_for 5 shows timeouts_total 1
    assert_equal 143 "$(figure last_exit_status)"
    stop writer
}
