# The writer rotates its own target, as log rotation does.

bats_require_minimum_version 1.5.0
load helpers

# replay SETTINGS: one that ends with its source.
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/logs/target\" at_end = \"exit\" $1 }" >w.conf
    mkdir -p logs
}

# all_generations: the oldest first, unpacked.
all_generations() {
    local file

    for file in $(ls logs | sort -t . -k 2,2nr); do
        case $file in
        target) ;;
        *.tmp) ;;
        *.gz) zcat "logs/$file" ;;
        *) cat "logs/$file" ;;
        esac
    done
    cat logs/target
}

all_there() {
    all_generations >all
    assert_lines_equal source all
}

@test "by size: no generation grows beyond, each ends with a whole line, all of them are the source" {
    numbered 1 1000 >source
    for how in 'by = "rename"' 'by = "copytruncate"' 'compress = "gz"'; do
        rm -rf kept logs
        replay "interval = 0 rotate { size = 1k keep = 100 $how }"
        run -0 "$WRITER" -d -f w.conf
        all_there
        assert_equal 14 "$(ls logs | wc -l)" # 73 lines of 14 bytes in each
        [ "$(find logs -type f -size +1024c | wc -l)" = 0 ]
    done
    assert_equal 13 "$(ls logs/*.gz | wc -l)"
}

@test "keep: older ones are deleted" {
    numbered 1 1000 >source
    replay 'interval = 0 rotate { size = 1k keep = 3 }'
    run -0 "$WRITER" -d -f w.conf
    assert_equal "target target.1 target.2 target.3" "$(cd logs && echo *)"
    all_generations >all
    tail -n "$(wc -l <all)" source | cmp - all
}

@test "by time" {
    numbered 1 200 >source
    replay 'interval = 5ms rotate { interval = 200ms keep = 100 }'
    run -0 "$WRITER" -d -f w.conf
    all_there
    [ "$(ls logs | wc -l)" -ge 4 ]
}

@test "only a file can be rotated" {
    numbered 1 3 >source
    replay 'rotate { size = 1k }'
    mkfifo logs/target
    run -1 "$WRITER" -d -f w.conf
    [[ $output == *"only a regular file can be rotated"* ]]
}

# killed_at_every SETTINGS CALL...: with strace, at each of these system calls of a run.
killed_at_every() {
    local settings=$1 call n points=0

    shift
    require strace
    numbered 1 40 >source
    for call; do
        for n in {1..80}; do
            rm -rf kept logs
            replay "interval = 100us rotate { size = 100 keep = 1000 $settings }"
            if ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null -e trace="$call" \
                -e inject="$call":signal=KILL:when="$n" "$WRITER" -d -f w.conf; then
                break
            fi
            points=$((points + 1))
            run -0 "$WRITER" -d -f w.conf
            all_there || { echo "killed at $call $n" && false; }
        done
    done
    [ "$points" -gt 30 ]
}

@test "kill -9 at every system call of a rotation by renaming: all generations are the source" {
    killed_at_every '' rename write openat
}

@test "kill -9 at every system call of a rotation by copying: all generations are the source" {
    killed_at_every 'by = "copytruncate"' rename ftruncate write fsync
}

@test "kill -9 at every system call of a rotation with compression: all generations are the source" {
    killed_at_every 'compress = "gz"' rename unlink fsync
}

@test "the tailer reads all that a writer writes that rotates" {
    numbered 1 2000 >source
    for how in 'by = "rename"' 'by = "copytruncate"' compress={gz,xz,zst,bz2,lz4}; do
        rm -rf kept logs got
        replay "interval = 1ms rotate { interval = 300ms keep = 100 $how }"
        : >logs/target
        start tailer "$TAILER" -s tailed "$PWD/logs/target"
        run -0 "$WRITER" -d -f w.conf
        wait_for 20 has_lines tailer.out 2000
        assert_lines_equal source tailer.out
        stop tailer
        rm -rf tailed
    done
}

@test "two replays share a target that one of them rotates, and are killed: each line once" {
    for name in a b; do numbered 1 1500 | sed "s/^/$name /" >"source.$name"; done
    for by in rename copytruncate; do
        rm -rf kept logs
        mkdir logs
        printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
            "replay \"a\" { source = \"$PWD/source.a\" target = \"$PWD/logs/target\" interval = 1ms at_end = \"exit\"
                rotate { size = 2k keep = 1000 by = \"$by\" } }" \
            "replay \"b\" { source = \"$PWD/source.b\" target = \"$PWD/logs/target\" interval = 1ms at_end = \"exit\" }" >w.conf
        start writer "$WRITER" -n -f w.conf
        for i in {1..6}; do
            wait_for 5 has_generations $((i * 2))
            victim=$(pgrep -P "$(pid writer)" | head -n $((i % 2 + 1)) | tail -n 1)
            [ -z "$victim" ] || kill -KILL "$victim" || true
        done
        ended writer 30
        assert_equal 0 "$status"
        all_generations >all
        for name in a b; do
            grep "^$name" all >"got.$name"
            assert_lines_equal "source.$name" "got.$name"
        done
        assert_equal 3000 "$(wc -l <all)"
    done
}
has_generations() { [ "$(ls logs | wc -l)" -gt "$1" ]; }
