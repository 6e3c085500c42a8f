# Logs that are renamed, copied, cut off, compressed and removed: nothing lost, nothing twice.

bats_require_minimum_version 1.5.0
load helpers
load tailer

# next COUNT: so many lines, numbered on from the last, expected and appended to the log.
next() {
    numbered $((number + 1)) $((number + $1)) | tee -a expected >>log
    number=$((number + $1))
}

# begin [SETTING...]: a tailer that has read what the log had.
begin() {
    number=0
    : >expected
    next 100
    follow "$@"
    delivered
}

stop_looking() {
    kill -STOP "$(worker t)"
    wait_for 5 contains "/proc/$(worker t)/status" '^State:.T'
}
look_again() { kill -CONT "$(worker t)"; }

says_missing() { grep -Eq 'lines may be missing|more may have come and gone unseen|bytes lost'; }

# --- renamed ---

rename_and_create() {
    begin
    for _ in 1 2 3; do
        mv log log.1
        next 100
        delivered
    done
    mv log log.1 && : >log # and logrotate's create
    next 100
    delivered
    finish
}
@test "renamed and made anew" { both rename_and_create; }

cascade() {
    begin 'path = "'"$PWD"'/log*"'
    for i in 1 2 3 4 5; do
        for j in 4 3 2 1; do [ ! -e log.$j ] || mv log.$j log.$((j + 1)); done
        next 50
        mv log log.1
        next 50
        delivered
    done
    stop tailer
    next 10
    once # what was not read again while running is not read again after a restart either
    assert_lines_equal expected got
}
@test "a cascade .1, .2, ... inside the pattern is not read again" { both cascade; }

old_file_goes_on() {
    begin
    exec 5>>log
    mv log log.1
    numbered 101 110 >&5
    numbered 101 110 >>expected
    delivered
    printf 'line 0000' >&5
    numbered 112 120 >log
    echo 0111 >&5
    exec 5>&-
    numbered 111 120 >>expected
    delivered
    finish
}
@test "the writer goes on in the renamed file for a while: old before new" { both old_file_goes_on; }

late_lines() {
    begin
    exec 5>>log
    mv log log.1
    numbered 201 210 >log
    wait_for 5 contains got 'line 00000210'
    numbered 101 110 >&5
    { numbered 201 210 && numbered 101 110; } >>expected
    delivered
    exec 5>&-
    finish
}
@test "late lines of the renamed file come as they come" { both late_lines; }

unterminated_end() {
    begin
    printf 'cut off' >>log
    mv log log.1
    number=200
    printf 'cut off\n' >>expected
    next 10
    delivered
    finish
}
@test "the unterminated end of a renamed file comes before the next file's first line" { both unterminated_end; }

held_by_its_end() {
    begin 'grace = 1s'
    exec 5>>log
    printf 'a long ' >&5
    mv log log.1
    numbered 201 203 >log
    printf 'line\n' >&5
    exec 5>&-
    { echo 'a long line' && numbered 201 203; } >>expected
    delivered
    finish
}
@test "an unterminated end holds the next file back until it is whole" { both held_by_its_end; }

out_of_sight() {
    begin 'path = "'"$PWD"'/*.l*g", "'"$PWD"'/log"'
    stop_looking
    next 100
    mkdir away
    mv log away/kept
    next 100
    look_again
    delivered
    finish
}
@test "renamed to where no pattern looks: the rest is read" { both out_of_sight; }

rotated_away() {
    begin
    mv log log.1
    for _ in 1 2 3; do # a log that comes and goes between two looks
        stop_looking
        next 10
        mv log.1 log.2
        mv log log.1
        look_again
        delivered
    done
    next 10
    delivered
    finish
    ! says_missing <tailer.err
}
@test "rotated without a new file, and again between two looks" { both rotated_away; }

several_rotations() {
    begin
    stop_looking
    next 500
    for i in 4 3 2 1; do
        mv log "log.$i"
        next 200
    done
    look_again
    delivered
    finish
}
@test "several rotations between two looks" { both several_rotations; }

compressed_unseen() {
    begin
    stop_looking
    next 500
    mv log log.3 && gzip log.3
    next 300
    mv log log.2 && gzip log.2
    next 200
    mv log log.1
    next 100
    look_again
    delivered
    finish
}
@test "several rotations between two looks, compressed at once" { both compressed_unseen; }

within_the_pattern() {
    begin 'path = "'"$PWD"'/l*g", "'"$PWD"'/*.log"'
    mv log other.log
    numbered 101 110 | tee -a other.log >>expected
    delivered
    mv other.log log
    number=110
    next 10
    delivered
    finish
}
@test "renamed to another name that a pattern matches, and back: nothing twice" { both within_the_pattern; }

rotated_within_the_pattern() {
    begin "path = \"$PWD/log*\"" 'grace = 100ms'
    for _ in 1 2 3; do # each time over the one before
        mv log log.old
        next 10
        delivered
        wait_for 5 contains kept/tail-t.checkpoint '^file .* stream=.*/log.old$'
        next 10
        delivered
    done
    stop tailer
    numbered $((number + 1)) $((number + 10)) | tee -a log >>expected
    mv log log.old
    number=$((number + 10))
    next 10
    once
    assert_lines_equal expected <(sort got) # two streams: in order each
    ! says_missing <tailer.err
}
@test "rotated to a name that the pattern matches too, also while down: nothing twice" { both rotated_within_the_pattern; }

deleted_with_backlog() {
    begin
    stop_looking
    next 5000
    rm log
    look_again
    delivered
    wait_for 10 no_deleted "$(worker t)"
    next 10
    delivered
    finish
}
no_deleted() { ! ls -l "/proc/$1/fd" | grep -q '/log.*(deleted)'; }
@test "deleted with unread lines: they come, then the descriptor is released" { both deleted_with_backlog; }

recreated() {
    begin
    for size in 1 99 100 101 5000; do # smaller than before, equal, larger
        rm log
        next "$size"
        delivered
    done
    finish
}
@test "deleted and made anew, of any size" { both recreated; }

fifty_rotations() {
    begin
    mv log log.1
    next 10
    delivered
    wait_for 10 no_rotated_open
    descriptors=$(descriptors "$(worker t)")
    watches=$(watches "$(worker t)")
    for i in {1..50}; do
        mv log log.1
        next 10
        delivered
    done
    wait_for 10 no_rotated_open
    wait_for 10 has_descriptors "$(worker t)" "$descriptors"
    wait_for 10 has_watches "$(worker t)" "$watches"
    finish
}
no_rotated_open() { ! ls -l "/proc/$(worker t)/fd" | grep -Eq '/log\.1|deleted'; }
@test "fifty rotations leave descriptors and watches as they were" { both fifty_rotations; }

editor() {
    begin
    next 3
    cp log edited
    numbered 104 110 | tee -a expected >>edited
    number=110
    mv edited log
    delivered
    next 5
    delivered
    finish
}
@test "replaced by an editor, with the same beginning: only what is new" { both editor; }

editor_before_reading() {
    number=0
    next 20000 # more than a pipe takes
    conf "path = \"$PWD/log\", \"$PWD/other\""
    child="until [ -e $PWD/go ]; do sleep 0.05; done; exec cat >$PWD/got"
    sed -i "s|^handler .*|handler \"out\" { type = \"exec\" command = {\"/bin/sh\", \"-c\", \"$child\"} }|" t.conf
    start tailer "$TAILER" -n -f t.conf
    wait_for 5 contains tailer.err 'sections running'
    numbered 30001 30003 >other
    wait_for 5 has_open other
    numbered 30001 30005 >edited
    mv edited other
    wait_for 5 has_open other
    touch go
    numbered 30001 30005 >>expected
    delivered_any_order
}
has_open() { find "/proc/$(worker t)/fd" -lname "$PWD/$1" | grep -q .; }
@test "replaced by an editor before any of it was read: once" { both editor_before_reading; }

symlink() {
    number=0
    : >expected
    : >one
    ln -s one log
    next 100
    follow
    delivered
    stop_looking
    next 50
    : >two
    ln -sf two log
    next 50
    look_again
    delivered
    finish
}
@test "a symbolic link that is turned to another file" { both symlink; }

linked_twice() {
    begin
    ln log log.1
    : >log
    next 10
    delivered
    rm log.1
    next 10
    delivered
    finish
}
@test "a rotated name that is a second name of the log: its lines come once" { both linked_twice; }

linked_from_elsewhere() {
    number=0
    mkdir elsewhere
    : >expected
    : >elsewhere/file
    ln -s elsewhere/file log
    next 100
    follow 'rescan = 1h' 'grace = 10ms'
    delivered
    for _ in 1 2 3; do
        next 10
        delivered
    done
    finish
}
@test "a file in another directory, known by a symbolic link: its lines come as they come" { both linked_from_elsewhere; }

# --- copied and cut off ---

copytruncate_all_read() {
    begin
    for _ in 1 2 3; do
        cp log log.1
        : >log
        next 50
        delivered
    done
    finish
    ! grep -q lost tailer.err
}
@test "copytruncate, all read: from its beginning" { both copytruncate_all_read; }

copytruncate_unread() {
    begin
    for i in 1 2 3; do
        stop_looking
        next 200
        cp log log.1
        : >log
        next 50
        look_again
        delivered
    done
    finish
    ! grep -q lost tailer.err
}
@test "copytruncate with unread lines: the rest comes from the copy" { both copytruncate_unread; }

truncated_unread() {
    begin
    stop_looking
    numbered 9001 9010 >>log
    : >log
    numbered 101 110 | tee -a expected >>log
    look_again
    delivered
    finish
    says_missing <tailer.err
}
@test "cut off with unread lines and without a copy: it is said, and read on from 0" { both truncated_unread; }

refilled() {
    for size in 1 99 100 101 3000; do # below, at and above the old offset
        begin
        stop_looking
        numbered 700001 $((700000 + size)) | tee -a expected >log
        look_again
        delivered
        finish
        rm -rf kept got log
    done
}
@test "cut off and refilled smaller, equal or larger: told by the content" { both refilled; }

refilled_and_gone() {
    begin
    for away in 'rm log' 'mv log elsewhere' 'mv edited log'; do
        stop_looking
        numbered 1 3 >edited
        : >log
        next 300
        $away
        look_again
        [ ! -e log ] || cat log >>expected
        delivered
        next 10
        delivered
    done
    finish
}
@test "cut off, refilled and gone between two looks: what only the descriptor leads to is read" { both refilled_and_gone; }

partial_not_glued() {
    begin
    printf 'unfinished' >>log
    wait_for 5 is_pending 10
    : >log
    next 10
    wait_for 10 contains got 'line 00000110'
    finish_without_glue
}
is_pending() { "$CTL" -c t.conf metrics | grep -q "pending_bytes.* $1\$"; }
finish_without_glue() {
    stop tailer
    ! grep -q 'unfinishedline' got
    assert_lines_equal expected <(grep -v '^unfinished$' got)
}
@test "an unfinished line is never glued to what follows a truncation" { both partial_not_glued; }

without_append() {
    exec 5>log # with an offset of its own
    numbered 1 100 | tee expected >&5
    follow
    delivered
    : >log
    numbered 101 110 >&5 # leaves a run of NULs in front
    numbered 101 110 >>expected
    exec 5>&-
    delivered
    stop tailer
    assert_lines_equal expected got
    [ "$(tr -d '\0' <got | wc -c)" -eq "$(wc -c <got)" ]
}
@test "NULs in front of a truncated file, of a writer without O_APPEND, are left out" { both without_append; }

# --- while the tailer is down ---

# down COMMAND...: the tailer stops, lines come, the command rotates, lines come, and it starts again.
down() {
    begin
    stop tailer
    next 100
    "$@"
    next 50
    once
    assert_lines_equal expected got
    next 5
    once
    assert_lines_equal expected got
    rm -rf kept got log*
}

rename_once() { mv log log.1; }
rename_thrice() { mv log log.3 && next 70 && mv log log.2 && next 30 && mv log log.1; }
dated() { mv log log-20261120 && next 70 && mv log log-20261121; }
copied() { cp log log.1 && : >log; }
compressed() { "$packer" -c log >"log.1.$ending" && rm log; }
compressed_cascade() { mv log log.2 && gzip log.2 && next 70 && mv log log.1; }

@test "rotated while down, once or several times, by number and by date" {
    for rotation in rename_once rename_thrice dated copied; do down "$rotation"; done
}

@test "rotated and compressed while down" {
    for pair in gzip:gz xz:xz zstd:zst bzip2:bz2 lz4:lz4; do
        packer=${pair%:*} ending=${pair#*:}
        ! type "$packer" || down compressed
    done
    down compressed_cascade
}

@test "a compressed sibling that is still being written is waited for" {
    for pair in gzip:gz xz:xz zstd:zst; do
        packer=${pair%:*} ending=${pair#*:}
        type "$packer" || continue
        begin
        stop tailer
        next 20000
        "$packer" -qc log >whole
        rm log
        head -c 500 whole >"log.1.$ending"
        next 10
        follow 'grace = 5s'
        wait_for 5 contains tailer.err 'sections running'
        tail -c +501 whole >>"log.1.$ending"
        delivered
        finish
        rm -rf kept got log*
    done
}

@test "waited for in vain: what was rotated after it is read all the same" {
    number=0
    : >expected
    next 1000
    conf
    once
    next 1000
    gzip -c log | head -c 1000 >log.2.gz # fewer than had been read
    rm log
    next 70
    mv log log.1
    next 30
    follow 'grace = 500ms'
    wait_for 10 contains tailer.err 'waiting for a compressed file'
    wait_for 10 contains got "$(tail -n 1 expected)"
    assert_lines_equal <(numbered 2001 2100) <(tail -n 100 got)
    says_missing <tailer.err
}

@test "a file that is just being compressed is read from its plain twin" {
    begin
    stop tailer
    next 20000
    mv log log.1
    gzip -c log.1 >whole
    head -c 2000 whole >log.1.gz
    follow
    delivered
    tail -c +2001 whole >>log.1.gz
    rm log.1
    next 10
    delivered
    finish
}

@test "older siblings at the first look ever are history" {
    numbered 1 10 >log.2
    numbered 11 20 >log.1
    numbered 21 30 | tee expected >log
    conf
    once
    assert_lines_equal expected got
}

@test "removed while down with unread lines: it is said, and the new file read" {
    begin
    stop tailer
    next 10
    rm log
    numbered 501 510 >log
    run -0 once
    says_missing <<<"$output"
    { numbered 1 100 && numbered 501 510; } >expected
    assert_lines_equal expected got
}

# --- logrotate ---

# rotate DIRECTIVE...: real logrotate, forced.
rotate() {
    { echo "\"$PWD/log\" {" && printf '    %s\n' "su $(id -un) $(id -gn)" 'rotate 9' "$@" && echo '}'; } >lr.conf
    logrotate -f -s "$PWD/lr.state" lr.conf
}

with_logrotate() {
    begin
    for directives in 'create' 'create;postrotate;kill -HUP '"$(pid tailer)"';endscript' 'create;compress' \
        'create;compress;delaycompress' 'copytruncate' 'copytruncate;compress' 'nocreate'; do
        next 50
        IFS=';' read -ra lines <<<"$directives"
        delivered # copytruncate itself loses what comes in between
        rotate "${lines[@]}"
        next 50
        delivered
    done
    finish
}
@test "real logrotate: create, postrotate, compress, delaycompress, copytruncate" {
    require logrotate
    [ "$(id -u)" = 0 ] || skip "logrotate's su needs root"
    both with_logrotate
}

logrotate_dateext() {
    begin
    for i in 1 2 3; do
        next 50
        rotate 'create' 'dateext' "dateformat -%Y%m%d-0$i" 'compress' 'delaycompress'
        next 50
    done
    delivered
    finish
}
@test "real logrotate: dateext" {
    require logrotate
    both logrotate_dateext
}
