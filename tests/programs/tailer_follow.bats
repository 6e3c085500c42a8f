# Files followed while they grow: where reading starts, what a line is, what disturbs.

bats_require_minimum_version 1.5.0
load helpers
load tailer

# --- start ---

existing() {
    numbered 1 1000 >log
    cp log expected
    follow
    delivered
    numbered 1001 1010 | tee -a log >>expected
    delivered
    finish
}
@test "an existing file comes from its beginning, then what is appended" { both existing; }

from_the_end() {
    numbered 1 1000 >log
    printf 'half a li' >>log
    numbered 1 10 >other.log
    follow 'path = "'"$PWD"'/log", "'"$PWD"'/late", "'"$PWD"'/other.log"' 'start = "end"'
    wait_for 5 contains tailer.err "1 of 1 sections running"
    echo 'ne' >>log
    echo 'half a line' >expected
    delivered
    numbered 1 5 | tee late >>expected
    delivered
    finish
}
@test "start = end: only what is new, no fragment, and later files from their first byte" { both from_the_end; }

born_later() {
    follow 'path = "'"$PWD"'/sub/dir/log"'
    wait_for 5 contains tailer.err "sub/dir/log: No such file"
    mkdir -p sub/dir
    numbered 1 10 | tee expected >sub/dir/log
    delivered 15
    rm -r sub
    numbered 11 20 >>expected
    wait_for 15 times_missing 2
    mkdir -p sub/dir
    numbered 11 20 >sub/dir/log
    delivered 15
    finish
    times_missing 2 # told once each time
}
times_missing() { [ "$(grep -c 'No such file' tailer.err)" -eq "$1" ]; }
@test "a missing directory and file are waited for, and again after they were removed" { both born_later; }

unreadable() {
    require_root
    mkdir mine locked
    numbered 1 3 >mine/log
    numbered 4 6 >locked/log
    numbered 7 9 >log
    chmod 600 mine/log
    chmod 700 locked
    chmod 755 .
    install -d -o nobody kept run out
    conf 'path = "'"$PWD"'/mine/log", "'"$PWD"'/locked/log", "'"$PWD"'/log"'
    sed -i "s|$PWD/got|$PWD/out/got|" t.conf
    chmod 644 t.conf log
    start tailer setpriv --reuid=nobody --regid=nogroup --clear-groups "$TAILER" -n -f t.conf
    wait_for 5 has_lines out/got 3
    assert_equal "$(cat log)" "$(cat out/got)"
    contains tailer.err "mine/log: Permission denied"
    contains tailer.err "locked/log: Permission denied"
    chmod 644 mine/log
    chmod 755 locked
    wait_for 5 has_lines out/got 9
    assert_equal "$(numbered 1 9)" "$(sort out/got)"
    stop tailer
    assert_equal 1 "$(grep -c 'mine/log: Permission denied' tailer.err)"
    assert_equal 1 "$(grep -c 'locked/log: Permission denied' tailer.err)"
}
readable_path() { # for another user, the whole way down to the room
    local directory=$BATS_TEST_TMPDIR

    until [ "$directory" = / ]; do
        chmod o+x "$directory" || return
        directory=$(dirname "$directory")
    done
}
@test "what may not be read is named once and picked up when it may" {
    require_root
    require setpriv
    readable_path
    setpriv --reuid=nobody --clear-groups --regid=nogroup "$TAILER" --version ||
        skip "the build cannot be reached by another user"
    both unreadable
}

in_the_gap() {
    require strace
    numbered 1 5 >log
    conf 'rescan = 60'
    start tailer strace -f -o trace -e trace=inotify_add_watch \
        -e inject=inotify_add_watch:delay_enter=300000 "$TAILER" -n -f t.conf
    wait_for 5 test -e kept/tail-t.lock
    numbered 6 10 >>log
    mv log log.1
    numbered 11 15 >log
    numbered 1 15 >expected
    delivered
}
@test "what is appended or replaced before the watch is armed comes unprompted" { watch=inotify in_the_gap; }

once_only() {
    numbered 1 10 >a.log
    ln a.log b.log
    ln -s a.log c.log
    cp a.log expected
    follow 'path = "'"$PWD"'/*.log", "'"$PWD"'/a*", "'"$PWD"'/a.log"'
    delivered
    numbered 11 20 | tee -a a.log >>expected
    delivered
    finish
}
@test "a file that two patterns match, or that has several names, comes once" { both once_only; }

odd_names() {
    local name

    mkdir logs logs/directory
    mkfifo logs/fifo
    : >logs/empty
    for name in 'with space' $'new\nline' $'\xff\xfe' '"quoted"' '-n' '%d%n' '.hidden' '[x]*'; do
        echo "$name" | tr '\n' ' ' >"logs/$name"
        echo >>"logs/$name"
    done
    # As in the shell, * leaves the hidden one out.
    cat 'logs/with space' $'logs/new\nline' $'logs/\xff\xfe' 'logs/"quoted"' logs/-n 'logs/%d%n' 'logs/[x]*' >expected
    follow 'path = "'"$PWD"'/logs/*"'
    delivered_any_order
    contains tailer.err "logs/fifo: not a regular file"
    contains tailer.err "logs/directory: not a regular file"
    echo more | tee -a $'logs/\xff\xfe' >>expected
    delivered_any_order
    stop tailer
    echo again | tee -a $'logs/new\nline' >>expected
    once
    delivered_any_order
}
@test "odd names are followed, over a restart too; FIFOs and directories are named" { both odd_names; }

# --- lines ---

one_line_in_two() {
    numbered 1 2 | tee log >expected
    follow
    delivered
    printf 'line 0000' >>log
    echo 0003 >>log
    printf 'line' >>log
    numbered 3 3 >>expected
    delivered
    finish # and the beginning of a line is not in it
    printf ' 0000' >>log
    follow
    echo 0004 >>log
    numbered 4 4 >>expected
    delivered
    finish
}
@test "a line in two writes is one, an unfinished one is withheld, over a restart too" { both one_line_in_two; }

any_bytes() {
    # Lines of all lengths, so that newlines and carriage returns meet the edges of every buffer.
    { printf 'nul \0 byte\n\n\n\xff\xfe\xc0\n\r\n\r\r\n' && awk 'BEGIN {
        for (i = 1; i < 1500; i++) { s = s "x"; printf "%s\r\n", s } }'; } >log
    cp log expected
    follow
    delivered
    printf '\n\0\n' | tee -a log >>expected
    delivered
    finish
}
@test "NUL, CRLF, empty lines and invalid UTF-8 pass untouched" { both any_bytes; }

@test "a line of exactly max_line, and one more: split, truncate, skip" {
    printf '%s\n' 1234567890 1234567890a 12345678901234567890ab end >log
    conf 'max_line = 10'
    once
    assert_equal "1234567890 1234567890 a 1234567890 1234567890 ab end" "$(xargs <got)"
    rm -r kept got
    conf 'max_line = 10' 'long_line = "truncate"'
    once
    assert_equal "1234567890 1234567890 1234567890 end" "$(xargs <got)"
    rm -r kept got
    conf 'max_line = 10' 'long_line = "skip"'
    once
    assert_equal "1234567890 end" "$(xargs <got)"
}

@test "the end of a line too long, written later, is not a new line" {
    for how in skip truncate; do
        printf 'before\n123456789012345' >log
        conf 'max_line = 10' "long_line = \"$how\""
        once
        echo 67890 >>log
        echo after >>log
        once
        [ "$how" = skip ] && piece= || piece=" 1234567890"
        assert_equal "before$piece after" "$(xargs <got)"
        rm -r kept got
    done
}

memory() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status"; }

huge_line() {
    { echo before && head -c 100000000 /dev/zero | tr '\0' x && echo && echo after; } >log
    for how in skip truncate split; do
        rm -rf kept got
        follow "long_line = \"$how\""
        wait_for 20 last_is after
        assert_equal before "$(head -n 1 got)"
        sanitized || [ "$(memory "$(worker t)")" -lt 20000 ]
        stop tailer
    done
    assert_equal "$(tr -d '\n' <log | wc -c)" "$(tr -d '\n' <got | wc -c)"
}
sanitized() { grep -q __asan_init "$TAILER"; } # which takes memory of its own
last_is() { [ "$(tail -c 100 got | tail -n 1)" = "$1" ]; }
@test "a line of 100 MB between two short ones harms neither, nor the memory" { watch=poll huge_line; }

partial_timeout() {
    printf 'prompt: ' >log
    echo 'prompt: ' >expected
    follow 'partial_timeout = 100ms'
    delivered
    echo 'answer' | tee -a log >>expected
    delivered
    sleep 1.5 # a quiet while, after which nothing is about to look again soon
    printf 'prompt: ' >>log
    echo 'prompt: ' >>expected
    delivered
    finish
}
@test "partial_timeout hands an unterminated end over" { both partial_timeout; }

beyond_4g() {
    truncate -s 5G log || skip "no sparse files of 5 GiB here"
    echo >>log
    follow 'start = "end"'
    wait_for 5 contains tailer.err "1 of 1 sections running"
    numbered 1 10 | tee -a log >expected
    delivered
    stop tailer
    numbered 11 20 | tee -a log >>expected
    once
    assert_lines_equal expected got
}
@test "offsets beyond 4 GiB" { both beyond_4g; }

# --- load and control ---

many_files() {
    mkdir logs
    seq 10000 >expected
    (cd logs && split -l 1 -a 4 -d ../expected '')
    follow 'path = "'"$PWD"'/logs/*"' 'max_open = 50'
    delivered_any_order
    for i in 0001 0700 9999; do echo "more $i" | tee -a "logs/$i" >>expected; done
    delivered_any_order
    [ "$(descriptors "$(worker t)")" -lt 80 ]
    sanitized || [ "$(memory "$(worker t)")" -lt 20000 ]
    finish_any_order
}
finish_any_order() {
    stop tailer
    assert_lines_equal <(sort expected) <(sort got)
}
@test "ten thousand files, most of them idle: descriptors and memory are bounded" { both many_files; }

busy_and_quiet() {
    yes 'a busy line that comes again and again' | head -c 60000000 >busy
    echo quiet >quiet
    follow 'path = "'"$PWD"'/busy", "'"$PWD"'/quiet"'
    wait_for 20 contains got '^quiet'
    wait_for 20 has_lines got "$(cat busy quiet | wc -l)"
    # It came before the busy file was through.
    [ "$(grep -n -m 1 '^quiet' got | cut -d: -f1)" -lt "$(wc -l <busy)" ]
}
@test "a busy file does not starve the others" { watch=poll busy_and_quiet; }

@test "when the inotify watches are used up it polls, and says so once" {
    unshare -Ur true 2>/dev/null || skip "no user namespaces"
    mkdir a b c
    watch=inotify
    conf 'path = "'"$PWD"'/a/log", "'"$PWD"'/b/log", "'"$PWD"'/c/log"'
    start tailer unshare -Ur sh -c \
        "echo 1 >/proc/sys/user/max_inotify_watches && exec '$TAILER' -n -f t.conf"
    wait_for 5 contains tailer.err "sections running"
    for name in a b c; do echo "$name" | tee "$name/log" >>expected; done
    delivered_any_order
    assert_equal 1 "$(grep -c 'no inotify watches left' tailer.err)"
}

@test "an overflow of the inotify queue costs no line" {
    watch=inotify
    : >log && : >noise.1 && : >noise.2 && : >expected
    follow
    wait_for 5 contains tailer.err "1 of 1 sections running"
    numbered 1 10 | tee -a log >>expected
    delivered
    kill -STOP "$(worker t)"
    # Of equal events in a row the queue keeps one.
    limit=$(</proc/sys/fs/inotify/max_queued_events)
    [ "$limit" -le 100000 ] || skip "the inotify queue takes $limit events"
    bash -c "for ((i = 0; i < $limit; i += 2)); do echo >>noise.1; echo >>noise.2; done"
    numbered 11 20 | tee -a log >>expected
    mv log log.1
    numbered 21 30 | tee -a log >>expected
    kill -CONT "$(worker t)"
    delivered
    finish
}

stopped_and_continued() {
    numbered 1 10 | tee log >expected
    follow
    delivered
    kill -STOP "$(worker t)"
    numbered 11 5000 | tee -a log >>expected
    kill -CONT "$(worker t)"
    delivered
    finish
}
@test "SIGSTOP and SIGCONT cost no line" { both stopped_and_continued; }

# --- ad hoc ---

@test "the pair: lines written four a second are handed over as they come" {
    head -n 12 "$SOURCE/etc/Full_data.log" >Full_data.log
    start tailer "$TAILER" Realtime.log
    start writer "$WRITER" Full_data.log Realtime.log
    wait_for 5 has_lines tailer.out 1
    begin=${EPOCHREALTIME/[.,]/}
    wait_for 5 has_lines tailer.out 9
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    [ "$took" -gt 900 ] # eight intervals, and a look each second
    ended writer
    wait_for 5 has_lines tailer.out 12
    stop tailer INT
    assert_equal 0 "$status"
    assert_lines_equal Full_data.log tailer.out
}

@test "the whole sample at full speed comes out equal" {
    start tailer "$TAILER" Realtime.log
    "$WRITER" "$SOURCE/etc/Full_data.log" Realtime.log --interval 0.001
    wait_for 5 cmp -s "$SOURCE/etc/Full_data.log" tailer.out
    stop tailer
    assert_lines_equal "$SOURCE/etc/Full_data.log" tailer.out
}

@test "several paths and patterns ad hoc; without -s nothing is kept" {
    numbered 1 5 >a.log
    numbered 6 9 >b.log
    run --separate-stderr -0 "$TAILER" --once './*.log'
    assert_equal "$(numbered 1 9)" "$output"
    run --separate-stderr -0 "$TAILER" --once a.log b.log
    assert_equal "$(numbered 1 9)" "$output"
    assert_equal "" "$(find state home run -type f)"
}

@test "a hang-up of the terminal ends an ad-hoc run" {
    numbered 1 3 >log
    start tailer "$TAILER" log
    wait_for 5 has_lines tailer.out 3
    stop tailer HUP
    assert_equal 0 "$status"
}

@test "a reader that goes away is reported and ends the run" {
    numbered 1 100000 >log
    start tailer bash -c "'$TAILER' log | head -n 3; exit \${PIPESTATUS[0]}"
    ended tailer 5
    assert_equal 1 "$status"
    contains tailer.err "standard output: Broken pipe"
}

@test "a reader that does not read holds the reading; a signal ends it within its bound" {
    numbered 1 100000 >log
    mkfifo pipe
    exec 9<>pipe
    start tailer bash -c "exec '$TAILER' log >pipe"
    wait_for 5 contains "/proc/$(pid tailer)/wchan" epoll
    stop tailer
    exec 9>&-
    assert_equal 1 "$status"
    contains tailer.err "the handler did not finish in time"
}
