# Errors at every system call of a replay with rotation, and the writer and the tailer killed at random.

bats_require_minimum_version 1.5.0
load helpers

# replay SETTINGS: one that rotates and ends with its source.
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/logs/target\" at_end = \"exit\"
            $1 }" >w.conf
    mkdir -p logs
}

all_there() {
    local file

    for file in $(ls logs | sort -t . -k 2,2nr); do
        case $file in
        target | *.tmp) ;;
        *) cat "logs/$file" ;;
        esac
    done >all
    cat logs/target >>all
    assert_lines_equal source all
}

# failing_at_every ERROR SETTINGS CALL...: each of these system calls of a run fails, one in each.
failing_at_every() {
    local error=$1 settings=$2 call n points=0

    shift 2
    require strace
    numbered 1 20 >source
    for call; do
        for n in {1..40}; do
            rm -rf kept logs
            replay "interval = 100us rotate { size = 100 keep = 1000 $settings }"
            ASAN_OPTIONS=detect_leaks=0 timeout 20 strace -o trace -e trace="$call" \
                -e inject="$call:error=$error:when=$n" "$WRITER" -d -f w.conf 2>failed.err || true
            grep -q INJECTED trace || break
            points=$((points + 1))
            run -0 "$WRITER" -d -f w.conf
            all_there || { echo "$error at $call $n" && cat failed.err && false; }
        done
    done
    [ "$points" -gt 10 ]
}

@test "an error at every system call of a replay that rotates by renaming: nothing lost, nothing twice" {
    failing_at_every EIO '' rename fsync fdatasync openat
}

@test "an error at every system call of a replay that rotates by copying: nothing lost, nothing twice" {
    failing_at_every EIO 'by = "copytruncate"' rename ftruncate fsync
}

@test "writer and tailer killed at random while the writer rotates: the tailer's output is the source" {
    local seconds=${KILLING_SECONDS:-12} # a minute in `make torture`
    local end=$((SECONDS + seconds))

    numbered 1 $((seconds * 1500)) >source
    replay 'interval = 1ms rotate { interval = 500ms keep = 1000 }'
    : >logs/target
    printf '%s\n' "state = \"$PWD/tailed\"" "pidfile = \"$PWD/run/t.pid\"" \
        "handler \"out\" { type = \"file\" path = \"$PWD/out\" }" \
        "tail \"t\" { path = \"$PWD/logs/target\" interval = 0.05 handler = \"out\" }" >t.conf
    while [ "$SECONDS" -lt "$end" ]; do
        start writer "$WRITER" -d -f w.conf
        start tailer "$TAILER" -d -f t.conf
        sleep "0.$((RANDOM % 8 + 1))" # the life of both
        send writer KILL
        send tailer KILL
        ended writer
        ended tailer
        names=()
    done
    sed -i 's/interval = 1ms rotate/interval = 0 rotate/' w.conf
    run -0 "$WRITER" -d -f w.conf
    run -0 "$TAILER" -f t.conf --once
    assert_lines_equal source out
}
