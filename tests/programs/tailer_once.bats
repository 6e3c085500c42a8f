# --once, the state that is kept between runs, and what becomes of it through every accident.

bats_require_minimum_version 1.5.0
load helpers
load tailer

setup() {
    enter_room
    numbered 1 100 >log
    cp log expected
    conf
}

# runs_once: a run that delivers what is expected, quietly.
runs_once() {
    run -0 once "$@"
    assert_equal "" "$output"
    assert_lines_equal expected got
}

@test "each run goes on where the last one ended; nothing new, nothing" {
    runs_once
    runs_once
    numbered 101 110 | tee -a log >>expected
    runs_once
}

@test "an unterminated last line is left for next time, but for --flush" {
    printf 'line 0000' >>log
    runs_once
    printf '0101' >>log
    echo 'line 00000101' >>expected
    runs_once --flush
    printf '\n' >>log # the rest of a line that has been handed over
    numbered 102 102 | tee -a log >>expected
    once
    assert_lines_equal expected <(grep . got)
}

@test "--flush goes with --once only" {
    run -2 "$TAILER" -f t.conf --flush
    [[ $output == *"--flush goes with --once"* ]]
}

@test "files born later are no matter of --once; missing ones are told, and it succeeds" {
    conf "path = \"$PWD/log\", \"$PWD/missing\""
    run -0 once
    [[ $output == *"missing: No such file"* ]]
    assert_lines_equal expected got
    numbered 101 105 | tee missing >>expected
    runs_once
}

@test "several sections in turn, or those named" {
    numbered 201 210 >second.log
    cat >>t.conf <<CONF
handler "out2" { type = "file" path = "$PWD/got2" }
tail "second" { path = {"$PWD/second.log"} handler = "out2" }
CONF
    run -0 once second
    [ ! -e got ]
    assert_lines_equal second.log got2
    runs_once
    assert_lines_equal second.log got2
}

@test "with start = end the first run takes nothing, the next what has come" {
    conf 'start = "end"'
    : >expected
    once
    [ ! -s got ]
    numbered 101 103 | tee -a log >expected
    runs_once
}

@test "ad hoc with -s: as logtail does it" {
    run -0 "$TAILER" -s mine --once log
    assert_equal "$(cat expected)" "$output"
    run -0 "$TAILER" -s mine --once log
    assert_equal "" "$output"
    echo more >>log
    run -0 "$TAILER" -s mine --once log
    assert_equal more "$output"
}

@test "ad hoc without a standard output: an error, and the lines are left for the next run" {
    run -1 bash -c "'$TAILER' -s mine --once log >&-"
    [[ $output == *"standard output: Bad file descriptor"* ]]
    run -0 "$TAILER" -s mine --once log
    assert_equal "$(cat expected)" "$output"
}

@test "a rotated file's unterminated end does not hold the next file back for ever" {
    require_root
    require setpriv
    chmod 755 .
    runs_once
    printf 'cut off' >>log
    mv log log.1
    numbered 1 10 >log
    { echo 'cut off' && numbered 1 10; } >>expected
    chown -R nobody kept got # the log is another user's: no lease tells whether it has a writer
    cp "$TAILER" tailer
    local directory=$PWD
    until [ "$directory" = / ]; do chmod o+x "$directory" && directory=$(dirname "$directory"); done
    conf 'grace = 100ms'
    for _ in 1 2 3; do
        setpriv --reuid=nobody --regid=nogroup --clear-groups ./tailer -f t.conf --once
        same || sleep 0.2 # longer than the grace
    done
    assert_lines_equal expected got
}

# --- the state ---

@test "the state is the user's alone: directory 0700, files 0600" {
    once
    assert_equal 700 "$(stat -c %a kept)"
    assert_equal "" "$(find kept -type f ! -perm 0600)"
}

@test "a missing state directory is made; by default it is the user's own" {
    sed -i '/^state/d' t.conf
    if [ "$(id -u)" = 0 ]; then
        run -0 "$TAILER" -f t.conf -T
        [[ $output == *'state = "/var/lib/linekeeper"'* ]]
    else
        once
        [ -e state/linekeeper/tail-t.checkpoint ]
    fi
    rm -f got
    "$TAILER" -f t.conf -s new/er/state --once
    [ -e new/er/state/tail-t.checkpoint ]
}

@test "a damaged checkpoint of any kind is kept aside, told once, and never obeyed" {
    once
    cp kept/tail-t.checkpoint good
    size=$(stat -c %s good)
    for damage in empty zeroed cut garbage version flipped; do
        rm -f got kept/*.damaged
        case $damage in
        empty) : >kept/tail-t.checkpoint ;;
        zeroed) head -c "$size" /dev/zero >kept/tail-t.checkpoint ;;
        cut) head -c $((size / 2)) good >kept/tail-t.checkpoint ;;
        garbage) head -c 4096 /dev/urandom >kept/tail-t.checkpoint ;;
        version) sed '1s/1/999/' good >kept/tail-t.checkpoint ;;
        flipped) sed '0,/offset\|file/s/file/fild/' good >kept/tail-t.checkpoint ;;
        esac
        run -0 once
        assert_equal 1 "$(grep -c 'damaged or of another version' <<<"$output")"
        [ -e kept/tail-t.checkpoint.damaged ]
        assert_lines_equal expected got
        runs_once
    done
}

@test "a left-over temporary file of a save that never ended is no matter" {
    once
    for name in tail-t.checkpoint.new tail-t.checkpoint.tmp tail-t.checkpoint~; do echo rubbish >"kept/$name"; done
    numbered 101 105 | tee -a log >>expected
    runs_once
}

@test "a second one at the same section is refused" {
    follow
    wait_for 5 same
    run -1 once
    [[ $output == *"another process works on this section"* ]]
    numbered 101 110 | tee -a log >>expected
    delivered
    finish
}

@test "a small file that grows past what is hashed of it is the same file" {
    echo a | tee log >expected
    for step in 10 100 1000 5000; do
        runs_once
        seq "$step" | tee -a log >>expected
    done
    runs_once
}

@test "two files with the same beginning are both read" {
    cp log log.b
    conf "path = \"$PWD/log\", \"$PWD/log.b\""
    cat log log.b >expected
    runs_once
    numbered 1 3 | tee -a log.b >>expected
    runs_once
}

# --- a state that cannot be written ---

# in_namespace COMMAND-FILE: as root of a user namespace with mounts of its own.
in_namespace() {
    unshare -mr true 2>/dev/null || skip "no user namespaces to mount in"
    run -0 unshare -mr bash -e "$1"
}

@test "a state directory that is read-only is a clear error" {
    mkdir kept
    cat >inside <<'END'
mount -t tmpfs -o ro tmpfs kept
"$TAILER" -f t.conf --once && exit 9
true
END
    in_namespace inside
    [[ $output == *"kept"*"Read-only file system"* ]]
}

@test "a run that cannot save its place has failed, though its lines were handed over" {
    mkdir kept
    numbered 101 110 | tee -a expected >more
    cat >inside <<'END'
mount -t tmpfs -o size=16k tmpfs kept
"$TAILER" -f t.conf --once
head -c 100000 /dev/zero >kept/ballast 2>/dev/null || true
cat more >>log
"$TAILER" -f t.conf --once && exit 9
cmp expected got
rm kept/ballast
"$TAILER" -f t.conf --once
cmp expected got
END
    in_namespace inside
    [[ $output == *"cannot be saved: No space left on device"* ]]
}

@test "a disk that is not mounted for a while is no deletion" {
    mkdir disk away
    conf "path = \"$PWD/disk/log\""
    cat >inside <<'END'
mount -t tmpfs tmpfs disk
cp log disk
"$TAILER" -f t.conf --once
mount --move disk away
"$TAILER" -f t.conf --once
mount --move away disk
echo more | tee -a disk/log >>expected
"$TAILER" -f t.conf --once
END
    in_namespace inside
    assert_lines_equal expected got
}

@test "a full state directory stops no line; it is told once, and saved when there is room" {
    mkdir kept
    cat >inside <<'END'
until_true() { for _ in $(seq 500); do if "$@"; then return; fi; sleep 0.02; done; return 1; }
mount -t tmpfs -o size=16k tmpfs kept
"$TAILER" -n -f t.conf 2>full.err &
tailer=$!
until_true cmp -s expected got
head -c 100000 /dev/zero >kept/ballast 2>/dev/null || true
for i in 1 2 3; do
    echo "line $i" | tee -a log >>expected
    until_true cmp -s expected got
done
until_true grep -q 'cannot be saved' full.err
rm kept/ballast
until_true grep -q 'is saved again' full.err
kill $tailer
wait $tailer
cmp expected got
"$TAILER" -f t.conf --once
cmp expected got
END
    in_namespace inside
    assert_equal 1 "$(grep -c 'cannot be saved' full.err)"
    assert_equal 1 "$(grep -c 'is saved again' full.err)"
}

@test "a hundred new files are made known to the checkpoint together, not one by one" {
    require strace
    mkdir logs
    for i in {1..100}; do echo "line of file $i" | tee -a expected.all >"logs/$i.log"; done
    conf "path = \"$PWD/logs/*.log\""
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o saves -e trace=rename,renameat,renameat2 "$TAILER" -f t.conf --once
    assert_lines_equal <(sort expected.all) <(sort got)
    [ "$(wc -l <saves)" -le 3 ]
}

@test "kill -9 while the checkpoint cannot be saved: what came of a file that is gone since stays" {
    conf "path = \"$PWD/log\"" 'checkpoint_interval = 10ms'
    mkdir -p kept
    cat >inside <<'END'
until_true() { for _ in $(seq 500); do if "$@"; then return; fi; sleep 0.02; done; return 1; }
mount -t tmpfs -o size=16k tmpfs kept
"$TAILER" -f t.conf --once
head -c 100000 /dev/zero >kept/ballast 2>/dev/null || true
"$TAILER" -n -f t.conf 2>full.err &
mv log log.1
echo 'of the second file' | tee log >>expected
until_true cmp -s expected got
grep -q 'cannot be saved' full.err
kill -KILL $! && wait $! || true
rm kept/ballast
for i in $(seq 9); do echo "another line $i, after a truncation" | tee -a more >>expected; done
cat more >log # without a copy
"$TAILER" -f t.conf --once
END
    in_namespace inside
    assert_lines_equal expected got
}

# --- kill -9 ---

@test "kill -9 in the middle, again and again: the output equals the source" {
    : >log && : >expected
    follow
    for i in {1..12}; do
        numbered $((i * 1000 - 999)) $((i * 1000)) | tee -a log >>expected
        wait_for 5 has_lines got $((i * 1000 - 900))
        send tailer KILL
        ended tailer
        case $i in 4) mv log log.2 ;; 8) mv log log.1 ;; esac # nothing leaves the disk
        follow
    done
    wait_for 5 contains tailer.err 'sections running'
    delivered
    finish
}

@test "kill -9, then a truncation without a copy: what was delivered stays, though the file was empty at first" {
    : >log
    follow 'checkpoint_interval = 1h'
    wait_for 5 contains kept/tail-t.checkpoint 'path='
    numbered 1 10 | tee expected >>log
    delivered
    send tailer KILL
    ended tailer
    numbered 11 20 | tee -a expected >log # the same inode
    follow
    delivered
    finish
}

@test "kill -9: a second name for a file, or a path that cannot be looked at, puts no line in doubt" {
    mkdir -p logs here/directory
    : >expected
    ln -s a.log logs/second.log
    for i in 1 2 3; do
        numbered $((i * 10 - 9)) $((i * 10)) | tee -a logs/a.log >>expected
        follow "path = \"$PWD/logs/*.log\", \"$PWD/here/directory\"" 'checkpoint_interval = 1h'
        delivered
        send tailer KILL
        ended tailer
    done
}

@test "kill -9, then the log's end is cut off: what was delivered stays" {
    follow 'checkpoint_interval = 1h'
    delivered
    numbered 101 1000 | tee -a log >>expected
    delivered
    send tailer KILL
    ended tailer
    truncate -s 7000 log
    follow
    wait_for 5 contains tailer.err 'sections running'
    stop tailer
    assert_lines_equal expected <(head -n 1000 got)
    contains tailer.err 'may be repeated'
}

@test "kill -9 before the first line: what was then rotated and compressed is no loss" {
    require strace gzip
    for n in {1..9}; do
        strace -qq -o trace -e trace=fsync -e inject=fsync:signal=KILL:when="$n" \
            "$TAILER" -f t.conf --once || true
        [ ! -e kept/tail-t.checkpoint ] || break
    done
    [ ! -s got ]
    mv log log.1
    gzip log.1
    : >log
    runs_once
}

@test "kill -9 after the output was moved away while down: nothing twice in the new one" {
    printf 'line 00' >>log
    once # the checkpoint knows that there is more to come
    mv got got.1
    echo '000101' >>log
    echo 'line 00000101' >expected
    follow 'checkpoint_interval = 1h'
    delivered
    send tailer KILL
    ended tailer
    follow
    wait_for 5 contains tailer.err 'sections running'
    delivered
    finish
}

@test "kill -9 at system calls all over a run: the output equals the source" {
    require strace
    points=0
    numbered 1 150 >expected
    for call in openat write writev pread64 fdatasync fsync renameat flock ftruncate; do
        for n in {1..60}; do
            rm -rf kept got log.1
            numbered 1 50 >log
            once
            numbered 51 100 >>log
            mv log log.1 && numbered 101 150 >log
            if strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when="$n" \
                "$TAILER" -f t.conf --once 2>/dev/null; then
                break
            fi
            points=$((points + 1))
            once
            assert_lines_equal expected got || { echo "killed at $call $n" && false; }
        done
    done
    [ "$points" -gt 30 ]
}
