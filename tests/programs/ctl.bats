# linekeeperctl beside real daemons: what it tells of them, and what it changes behind their backs.

load helpers

# t.conf with a section "app" that follows `log` into `got`.
conf() {
    cat >t.conf <<EOF
state = "$PWD/kept"
pidfile = "$PWD/run/tailer.pid"
handler "out" { type = "file" path = "$PWD/got" }
tail "app" { path = {"$PWD/log"} interval = 20ms checkpoint_interval = 50ms handler = "out"
    dead_letter = "$PWD/dead" retries = 0 }
EOF
}

tail_daemon() {
    conf
    start tailer "$TAILER" -n -f t.conf
    wait_for 10 shows running
}

ctl() { "$CTL" -c t.conf "$@"; }

# shows STATE: of the section.
shows() { ctl status app | grep -q "^tail app .* $1"; }

# row FIELD: of the section's first row, counted from 1; the name is two words.
row() { ctl status app | awk -v field="$1" '/^tail app/ { print $field }'; }
is_row() { [ "$(row "$1")" = "$2" ]; }

# --- status ---

@test "status tells offset, lag and state of a living section" {
    numbered 1 100 >log
    tail_daemon
    wait_for 10 is_row 4 1400
    run ctl status
    assert_equal 0 "$status"
    [[ ${lines[0]} == "tailer: running, pid $(pid tailer), since "* ]]
    assert_equal "$PWD/log 1400 0 0s" "$(ctl status app | awk '/^tail app/ { print $3, $4, $5, $6 }')"
    assert_equal "0 0 0 0 running" "$(ctl status app | awk '/^tail app/ { print $8, $9, $10, $11, $12 }')"
}

@test "what a stopped worker leaves unread is the lag, and after ten seconds it hangs" {
    numbered 1 10 >log
    tail_daemon
    wait_for 10 is_row 4 140
    kill -STOP "$(pgrep -P "$(pid tailer)")"
    numbered 11 15 >>log
    assert_equal 70 "$(row 5)"
    wait_for 30 shows 'hangs, no sign of life'
    run ctl status
    assert_equal 4 "$status"
    kill -CONT "$(pgrep -P "$(pid tailer)")"
    wait_for 10 shows running
    wait_for 10 is_row 5 0
}

@test "a section that sleeps for an hour shows signs of life all the same" {
    : >log
    conf
    sed -i 's/interval = 20ms/interval = 1h/' t.conf
    start tailer "$TAILER" -n -f t.conf
    wait_for 10 shows running
    beats >before
    wait_for 10 all_beat_again
}

# Of the daemon and of its section.
beats() { ctl status --json | grep '"last_beat"'; }
all_beat_again() { beats >now && [ "$(grep -cvxFf before now)" = 2 ]; }

@test "status after kill -9, after a stop, and of files that are none: 1, 3, 4" {
    numbered 1 10 >log
    tail_daemon
    stop tailer KILL
    run ctl status
    assert_equal 1 "$status"
    [[ $output == *"tailer: dead"* ]]
    tail_daemon
    stop tailer
    run ctl status
    assert_equal 3 "$status"
    assert_equal "tailer: not running ($PWD/run/tailer.stats)" "$output"
    head -c 5000 /dev/zero >run/tailer.stats
    run ctl status
    assert_equal 4 "$status"
    [[ $output == *"not a whole .stats file of this version"* ]]
}

@test "a section that nobody shows is an error" {
    : >log
    tail_daemon
    run ctl status other
    assert_equal 4 "$status"
    [[ $output == *'no daemon shows a section "other"'* ]]
}

@test "a restarted worker is counted" {
    : >log
    tail_daemon
    pkill -KILL -P "$(pid tailer)"
    wait_for 10 is_row 11 1
}

@test "without options both daemons of this user are looked at" {
    as_user
    cp "$SOURCE/etc/Full_data.log" recorded
    cat >w.conf <<EOF
replay "r" { source = "$PWD/recorded" target = "$PWD/log" interval = 10ms }
job "j" { command = {"/bin/echo", "hi"} target = "$PWD/joblog" interval = 50ms }
EOF
    cat >t.conf <<EOF
handler "out" { type = "file" path = "$PWD/got" }
tail "app" { path = {"$PWD/log"} handler = "out" }
EOF
    start tailer "${user[@]}" "$TAILER" -n -f t.conf
    start writer "${user[@]}" "$WRITER" -n -f w.conf
    wait_for 10 all_running
    "${user[@]}" "$CTL" status >shown
    assert_equal "job j|replay r|tail app" "$(grep -oE '^(tail|replay|job) [a-z]+' shown | sort | paste -sd '|')"
    "${user[@]}" "$CTL" status r >shown
    assert_equal "replay r" "$(grep -oE '^(tail|replay|job) [a-z]+' shown)"
}

all_running() { [ "$("${user[@]}" "$CTL" status | grep -c ' running$')" = 3 ]; }

# Root's places are the system's: somebody else's name is before each command in "${user[@]}" then.
as_user() {
    [ "$(id -u)" = 0 ] || { user=(env) && return; }
    user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    chown -R nobody .
    chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test
    "${user[@]}" "$CTL" --version >/dev/null || skip "$BUILD is not for everybody"
}

@test "the JSON is one that python takes, for names of any bytes as well" {
    require python3
    numbered 1 3 >log
    odd=$'o"d\\d\n\xff'
    conf
    sed -i "s|{\"$PWD/log\"}|{\"$PWD/log\", \"$PWD/o*\"}|" t.conf
    cp log "$odd"
    start tailer "$TAILER" -n -f t.conf
    wait_for 10 has_lines got 6
    wait_for 10 saved_both
    ctl status --json >json
    run python3 -c '
import json
document = json.load(open("json"))
section = document["daemons"][0]["sections"][0]
print(document["daemons"][0]["state"], section["section"], section["state"])
print(section["figures"]["lines_total"], sorted(f["offset"] for f in section["files"]))
print(sorted(f["path"].rsplit("/")[-1] for f in section["files"])[1])'
    assert_equal "running tail app running" "${lines[0]}"
    assert_equal "6 [42, 42]" "${lines[1]}"
    assert_equal 'o"d\d\x0a\xff' "${lines[2]}"
}

saved_both() { [ "$(ctl status --json | grep -c '"offset": 42')" = 2 ]; }

@test "names of files do not command the terminal" {
    conf
    sed -i "s|{\"$PWD/log\"}|{\"$PWD/l*\"}|" t.conf
    numbered 1 3 >$'l\033[2J'
    start tailer "$TAILER" -n -f t.conf
    wait_for 10 shows_file
    run ctl status
    [[ $output != *$'\033'* ]]
}

shows_file() { ctl status | grep -qF 'l\x1b[2J'; }

@test "colours on a terminal only, and not against NO_COLOR" {
    require_terminal
    : >log
    tail_daemon
    on_terminal() { script -qec "$1" /dev/null </dev/null; }
    unset NO_COLOR
    on_terminal "$CTL -c t.conf status" >coloured
    contains coloured $'\033\[32mrunning'
    NO_COLOR=1 on_terminal "$CTL -c t.conf status" >plain
    lacks plain $'\033'
    ctl status >file
    lacks file $'\033'
}

@test "a writer's configuration tells its places, too" {
    cat >w.conf <<EOF
state = "$PWD/kept"
pidfile = "$PWD/run/w.pid"
job "j" { command = {"/bin/echo", "hi"} target = "$PWD/joblog" interval = 50ms }
EOF
    start writer "$WRITER" -n -f w.conf
    wait_for 10 has_lines joblog 3
    "$CTL" -c w.conf status >shown
    contains shown '^w: running'
    contains shown '^job j .* running'
}

@test "a configuration that is wrong: 6, and where" {
    echo 'nonsense = 1' >t.conf
    run ctl status
    assert_equal 6 "$status"
    [[ $output == *"t.conf:1: "* ]]
    mkdir writers
    { conf && sed 's/retries/retris/' t.conf; } >writers/tailer.conf
    run "$CTL" -c writers/tailer.conf status
    assert_equal 6 "$status"
    [[ $output == *"tailer.conf:5: unknown key retris; "* ]]
}

@test "wrong usage: 2, and what to do next" {
    for words in "" "nonsense" "status --http" "metrics --json" "status --interval never" "checkpoint" \
        "checkpoint set app" "checkpoint set app /log x" "dead-letter" "dead-letter list" "--nonsense"; do
        # shellcheck disable=SC2086 # they are several words
        run "$CTL" --state . $words
        echo "$words: $output"
        assert_equal 2 "$status"
        [ -n "$output" ]
    done
}

@test "help fits a screen" {
    "$CTL" --help >help
    [ "$(wc -l <help)" -le 24 ]
    [ "$(wc -L <help)" -le 80 ]
}

@test "standard output that is full is an error" {
    : >log
    tail_daemon
    run bash -c "'$CTL' -c t.conf metrics >/dev/full"
    assert_equal 1 "$status"
    run bash -c "'$CTL' -c t.conf status >/dev/full"
    assert_equal 4 "$status"
}

lacks() { ! contains "$@"; }

# --- top ---

@test "top draws again and again, ends with q, and leaves the terminal as it was" {
    require python3
    require_terminal
    numbered 1 3 >log
    tail_daemon
    wait_for 10 is_row 4 42 # saved
    cat >drive.py <<'EOF'
import fcntl, os, pty, select, struct, sys, termios, time
child, fd = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("4H", 24, 40, 0, 0))
    os.execv(sys.argv[1], [sys.argv[1], "-c", "t.conf", "top", "--interval", "100ms"])
before, seen, end = termios.tcgetattr(fd), b"", time.time() + 20
def until(what, count=1):
    global seen
    while seen.count(what) < count:
        assert time.time() < end, seen
        if select.select([fd], [], [], 0.1)[0]:
            try: seen += os.read(fd, 65536)
            except OSError: break
until(b"q quits", 3)
assert not termios.tcgetattr(fd)[3] & termios.ECHO
os.write(fd, sys.argv[2].encode())
until(b"\x1b[?1049l")
assert os.waitpid(child, 0)[1] == 0
assert termios.tcgetattr(fd) == before
row = next(line for line in seen.decode().split("\n") if "tail app" in line)
assert "log  " in row[:43] and " 42" in row[:43], row # of a narrow terminal
EOF
    python3 drive.py "$CTL" q
    python3 drive.py "$CTL" $'\003'
    run "$CTL" -c t.conf top
    assert_equal 2 "$status"
}

# --- checkpoint ---

@test "no surgery while the section runs" {
    numbered 1 3 >log
    tail_daemon
    wait_for 10 is_row 4 42
    for words in "set app $PWD/log 0" "forget app" "forget app $PWD/log"; do
        # shellcheck disable=SC2086
        run ctl checkpoint $words
        assert_equal 1 "$status"
        [[ $output == *"stop the tailer first"* ]]
    done
    ctl checkpoint show app >shown
    contains shown "^app  *$PWD/log  *42  *42 "
}

# An orderly stop behind line 10.
ten_lines_read() {
    numbered 1 10 >log
    conf
    "$TAILER" -f t.conf --once
    assert_lines_equal log got
}

@test "set goes back and forth, at line starts, and the account stays right" {
    ten_lines_read
    ctl checkpoint set app log 70
    "$TAILER" -f t.conf --once
    { numbered 1 10 && numbered 6 10; } >expected
    assert_lines_equal expected got
    numbered 11 20 >>log
    ctl checkpoint set app log 210
    numbered 16 20 >>expected
    "$TAILER" -f t.conf --once
    assert_lines_equal expected got
    assert_equal "280 280 0 0s 210 0 70 0 0" \
        "$(ctl checkpoint show app | awk '/^app/ { $1 = $2 = ""; print }' | xargs)"
}

@test "set refuses what is no line start, beyond the end or unknown, unless forced" {
    ten_lines_read
    cp kept/tail-app.checkpoint before
    for words in "app log 5" "app log 141" "app got 0" "app log -1" "app missing 0" "../x log 0"; do
        # shellcheck disable=SC2086
        run ctl checkpoint set -- $words
        echo "$words: $output"
        [ "$status" -ne 0 ]
        cmp before kept/tail-app.checkpoint
    done
    mkfifo pipe
    run ctl checkpoint set --force app pipe 0
    assert_equal "1 linekeeperctl: $PWD/pipe: not a regular file" "$status $output"
    ctl checkpoint set --force app log 5
    "$TAILER" -f t.conf --once
    assert_equal "00000001" "$(sed -n 11p got)"
}

@test "forget: a file is read from its beginning, a section as at first" {
    ten_lines_read
    ctl checkpoint forget app log
    "$TAILER" -f t.conf --once
    { numbered 1 10 && numbered 1 10; } >expected
    assert_lines_equal expected got
    ctl checkpoint forget app
    [ ! -e kept/tail-app.checkpoint ]
    run ctl checkpoint show app
    assert_equal 1 "$status"
}

@test "a damaged checkpoint is told, not shown and not changed" {
    ten_lines_read
    sed -i 's/handed=140/handed=141/' kept/tail-app.checkpoint
    cp kept/tail-app.checkpoint before
    for words in "show" "show app" "set app log 0" "forget app log"; do
        # shellcheck disable=SC2086
        run ctl checkpoint $words
        assert_equal 1 "$status"
        assert_equal "linekeeperctl: app: damaged, or of another version" "$output"
    done
    cmp before kept/tail-app.checkpoint
    rm kept/tail-app.checkpoint
    mkfifo kept/tail-app.checkpoint
    run timeout 10 "$CTL" -c t.conf checkpoint show
    assert_equal "1 linekeeperctl: app: damaged, or of another version" "$status $output"
}

@test "after root's surgery the files are still the daemon's" {
    require_root
    ten_lines_read
    chown -R nobody kept
    rm kept/tail-app.lock
    chmod 755 . "$BATS_TEST_TMPDIR"
    export ASAN_OPTIONS=detect_leaks=0 # it cannot look at a process that has changed its user
    ctl checkpoint set app log 0
    assert_equal "nobody nobody" "$(stat -c %U kept/tail-app.checkpoint kept/tail-app.lock | xargs)"
}

# --- dead letters ---

# A module would refuse lines; the file it leaves is all that matters here.
dead_line() { printf 'time=1767225600 file=a-1 path=/var/log/x%%20y offset=%s reason=too%%20odd line=%s\n' "$1" "$2"; }

@test "dead letters are listed with the reason" {
    { dead_line 0 'one%00%1b' && dead_line 10 two; } >dead
    mkfifo pipe
    run timeout 10 "$CTL" dead-letter list pipe
    assert_equal "1 linekeeperctl: pipe: not a regular file" "$status $output"
    "$CTL" dead-letter list dead >list
    assert_equal '2026-01-01 00:00:00 /var/log/x y 0 too odd one\x00\x1b' "$(sed -n 2p list | tr -s ' ')"
    assert_equal 3 "$(wc -l <list)"
}

@test "retry gives the lines back, byte by byte, and empties the file" {
    { dead_line 0 'one%00%ff%0d' && dead_line 10 two; } >dead
    "$CTL" dead-letter retry dead >lines
    printf 'one\0\377\r\ntwo\n' | cmp - lines
    [ ! -s dead ] && [ -e dead ]
    dead_line 20 three >dead
    echo before >log
    "$CTL" dead-letter retry --to log dead
    assert_equal "before three" "$(xargs <log)"
    [ ! -s dead ]
}

@test "retry leaves the file alone when the lines cannot go out, when something else is in it, when it is in use" {
    dead_line 0 one >dead
    cp dead before
    run bash -c "'$CTL' dead-letter retry dead >/dev/full"
    assert_equal 1 "$status"
    cmp before dead
    echo nonsense >>dead
    cp dead before
    run "$CTL" dead-letter retry dead
    assert_equal 1 "$status"
    [[ $output == *"dead:2: not a dead letter"* ]]
    cmp before dead
    dead_line 0 one >dead
    cp dead before
    : >log
    tail_daemon
    run "$CTL" dead-letter retry dead
    assert_equal 1 "$status"
    [[ $output == *"dead: in use: stop the tailer first"* ]]
    cmp before dead
}

@test "retry into the file itself is refused, by any name" {
    dead_line 0 one >dead
    cp dead before
    ln -s dead link
    run "$CTL" dead-letter retry --to link dead
    assert_equal 1 "$status"
    [[ $output == *"dead: its lines cannot go into itself"* ]]
    "$CTL" dead-letter retry dead >>dead || status=$?
    cmp before dead
}

@test "retry to a disk without room for all of it delivers nothing; a torn line stays alone" {
    unshare -mr true 2>/dev/null || skip "no user namespaces to mount a small disk in"
    for ((i = 0; i < 2000; i++)); do dead_line "$i" "line%20$i"; done >dead
    cp dead before
    printf 'before\ntorn' >log
    run unshare -mr bash -c "mkdir small && mount -t tmpfs -o size=16k none small && cp log small &&
        { '$CTL' dead-letter retry --to small/log dead; echo \$?; cmp log small/log; }"
    [[ $output == *"No space left on device"*1 ]]
    cmp before dead
    "$CTL" dead-letter retry --to log dead
    { printf 'before\ntorn\n' && seq -f 'line %.0f' 0 1999; } | cmp - log
}

@test "retry does not take a file opened later for what was closed" {
    dead_line 0 one >dead
    cp dead before
    run bash -c "'$CTL' dead-letter retry dead >&-"
    assert_equal 1 "$status"
    cmp before dead
    echo nonsense >other
    run bash -c "'$CTL' dead-letter retry --to log dead other 2>&-"
    assert_equal 1 "$status"
    assert_equal one "$(cat log)"
}

# --- completion ---

# completed WORD...: what bash offers for the last word.
completed() {
    bash -c '
        source "$SOURCE/etc/completion/linekeeper.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        case $1 in linekeeperctl) function=_linekeeperctl ;; *) function=_linekeeper_daemon ;; esac
        $function "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort | xargs
}

@test "bash completes commands, options and sections" {
    export PATH=$BUILD:$PATH
    assert_equal "checkpoint dead-letter metrics status top" "$(completed linekeeperctl '')"
    assert_equal "forget set show" "$(completed linekeeperctl -c x checkpoint '')"
    assert_equal "--http" "$(completed linekeeperctl metrics --ht)"
    assert_equal "--once" "$(completed linekeeper-tailer --o)"
    assert_equal "--flush --follow --foreground" "$(completed linekeeper-tailer -i --f)"
    conf
    assert_equal "app" "$(completed linekeeper-tailer -f t.conf a)"
}

@test "bash completes sections where the words say: those shown, and those with a checkpoint" {
    export PATH=$BUILD:$PATH
    : >log
    tail_daemon
    assert_equal app "$(completed linekeeperctl -c t.conf status '')"
    assert_equal app "$(completed linekeeperctl top --stats run/tailer.stats a)"
    stop tailer
    assert_equal "" "$(completed linekeeperctl -c t.conf status '')"
    assert_equal app "$(completed linekeeperctl -c t.conf checkpoint set '')"
    assert_equal app "$(completed linekeeperctl checkpoint --state kept show '')"
}

# completed_by_zsh TEXT: what zsh makes of it.
completed_by_zsh() {
    rm -f told
    cat >shell.zsh <<'END'
fpath=($SOURCE/etc/completion $fpath)
autoload -U compinit && compinit -u -D
complete-and-tell() { zle complete-word; print -r -- $BUFFER >told.new; mv told.new told; }
zle -N complete-and-tell && bindkey '^I' complete-and-tell
END
    timeout 20 zsh -f -c 'zmodload zsh/zpty zsh/zselect; zpty shell zsh -f -i
        zpty -w shell "source ./shell.zsh"; zpty -w -n shell "$1"$'"'\\t'"'
        until [[ -e told ]] do zselect -t 5; done' zsh "$1" 3>&-
    sed 's/ *$//' told
}

@test "zsh completes commands, options and sections" {
    require zsh
    export PATH=$BUILD:$PATH
    conf
    assert_equal "linekeeperctl status" "$(completed_by_zsh 'linekeeperctl sta')"
    assert_equal "linekeeperctl status --json" "$(completed_by_zsh 'linekeeperctl status --j')"
    assert_equal "linekeeper-tailer -i --follow" "$(completed_by_zsh 'linekeeper-tailer -i --fol')"
    assert_equal "linekeeper-tailer -f t.conf app" "$(completed_by_zsh 'linekeeper-tailer -f t.conf a')"
    : >log
    tail_daemon
    assert_equal "linekeeperctl status -c t.conf app" "$(completed_by_zsh 'linekeeperctl status -c t.conf a')"
    stop tailer
    assert_equal "linekeeperctl -c t.conf checkpoint set app" \
        "$(completed_by_zsh 'linekeeperctl -c t.conf checkpoint set a')"
}
