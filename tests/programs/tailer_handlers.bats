# What becomes of the lines: each type of handler, modules, and handlers that fail.

bats_require_minimum_version 1.5.0
load helpers
load tailer

setup() {
    enter_room
    numbered 1 100 >log
    cp log expected
}

# handler KEYS...: a configuration whose section "t" has such a handler instead of a file.
handler() {
    conf
    {
        sed '/^handler/,$d' t.conf
        echo 'handler "out" {' && printf '    %s\n' "$@" && echo '}'
        sed -n '/^tail/,$p' t.conf
    } >with.conf
    mv with.conf t.conf
}

# beside NAME: another section that goes on whatever happens to "t".
beside() {
    cat >>t.conf <<CONF
handler "beside" { type = "file" path = "$PWD/got.beside" }
tail "beside" { path = {"$PWD/log"} handler = "beside" interval = 20ms }
CONF
}

begin() { start tailer "$TAILER" -n -f t.conf; }

# --- file ---

@test "file: what somebody else appended stays, and a torn end is not continued" {
    printf 'mine\nhalf a line' >got
    conf
    once
    { printf 'mine\nhalf a line\n' && cat log; } >expected
    assert_lines_equal expected got
}

@test "file: another file at the output's path is only appended to" {
    conf
    once
    echo other >new && mv new got
    numbered 101 103 >>log
    once
    assert_equal "$(echo other && numbered 101 103)" "$(cat got)"
}

@test "file: lines that a crash left in doubt are not written twice" {
    conf
    once
    cp -r kept before
    numbered 101 200 | tee -a log >>expected
    once
    rm -r kept && mv before kept # as if the checkpoint had not been saved
    once
    assert_lines_equal expected got
}

@test "file: a full disk is told once, holds the lines, and goes on at the very byte" {
    unshare -mr true 2>/dev/null || skip "no user namespaces to mount a small disk in"
    numbered 1 20000 >log
    mkdir disk
    conf
    sed -i "s|$PWD/got|$PWD/disk/got|" t.conf
    cat >inside <<'END'
until_true() { for _ in $(seq 500); do if "$@"; then return; fi; sleep 0.02; done; return 1; }
mount -t tmpfs -o size=64k tmpfs disk
"$TAILER" -n -f t.conf 2>full.err &
until_true grep -q 'No space' full.err
cmp -n "$(stat -c %s disk/got)" log disk/got
mount -o remount,size=4m disk
until_true cmp -s log disk/got
kill $!
wait $!
cmp log disk/got
END
    run -0 unshare -mr bash -e inside
    assert_equal 1 "$(grep -c 'No space left' full.err)"
}

@test "file: no two sections, nor another process, write to the same output" {
    conf
    cat >>t.conf <<CONF
tail "u" { path = {"$PWD/log"} handler = "out" }
CONF
    run -6 "$TAILER" -t -f t.conf
    conf
    begin
    delivered
    conf
    run -1 "$TAILER" -f t.conf -s elsewhere --once
    [[ $output == *"/got"* ]]
    conf "path = \"$PWD/*\""
    run -6 "$TAILER" -t -f t.conf # it would read what it writes
}

# --- exec ---

@test "exec: one child reads all lines on its standard input" {
    handler 'type = "exec"' "command = {\"/bin/sh\", \"-c\", \"exec cat >>$PWD/got\"}"
    begin
    delivered
    numbered 101 110 | tee -a log >>expected
    delivered
    child=$(pgrep -P "$(worker t)")
    numbered 111 120 | tee -a log >>expected
    delivered
    assert_equal "$child" "$(pgrep -P "$(worker t)")"
    finish
    gone "$child"
}

@test "exec: a child that dies is started again; what it had not drained comes again" {
    # It takes a line at a time and dies after 30.
    cat >child <<'END'
#!/bin/bash
for i in {1..30}; do read -r line && echo "$line" >>got; done
END
    chmod +x child
    handler 'type = "exec"' "command = {\"/bin/sh\", \"-c\", \"cd $PWD && exec ./child\"}"
    beside
    begin
    wait_for 5 has_lines got 30
    wait_for 5 cmp -s log got.beside
    wait_for 20 contains tailer.err 'tail t: .*out'
    # Nothing is skipped before what the child itself had taken: the first 30 are the first 30.
    assert_equal "$(head -n 30 log)" "$(head -n 30 got)"
}

@test "exec: the supervisor's death ends the child" {
    handler 'type = "exec"' 'command = {"/bin/sleep", "1000"}'
    begin
    wait_for 5 has_child
    child=$(pgrep -P "$(worker t)")
    send tailer KILL
    wait_for 5 gone "$child"
}
has_child() { pgrep -P "$(worker t)" sleep; }

@test "exec: signals are reset and descriptors are not inherited" {
    handler 'type = "exec"' "command = {\"/bin/sh\", \"-c\", \"{ ls -l /proc/self/fd; grep Sig /proc/self/status; } >$PWD/seen; exec cat >>$PWD/got\"}"
    begin
    delivered
    no_signals "$(awk '/^SigIgn/ { print $2 }' seen)"
    assert_equal 0000000000000000 "$(awk '/^SigBlk/ { print $2 }' seen)"
    run grep -E 'checkpoint|lock|inotify|eventpoll|/log' seen
    assert_equal "" "$output"
}

@test "exec: a command that is not there is an error at -t, with its name" {
    handler 'type = "exec"' 'command = {"/no/such/program"}'
    run -6 "$TAILER" -t -f t.conf
    [[ $output == *"t.conf:"*"/no/such/program"* ]]
}

# A processor as multilog knows it: counts lines, its state carries the count.
processor() {
    cat >processor <<'END'
#!/bin/bash
read -r count <&4 || count=0
while IFS= read -r line; do
    count=$((count + 1))
    printf '%d %s\n' "$count" "$line"
done
echo "$count" >&5
[ ! -e fail ] || { rm fail && exit 1; }
[ ! -e die ] || { rm die && kill -KILL "$PPID"; sleep 1; }
END
    chmod +x processor
    handler 'type = "exec"' 'mode = "processor"' "output = \"$PWD/got\"" \
        "command = {\"/bin/bash\", \"-c\", \"cd $PWD && exec ./processor\"}"
}

@test "exec, processor: output and state are committed together, over failures and crashes" {
    processor
    cat -n log | sed 's/^ *//; s/\t/ /' >expected
    once
    assert_lines_equal expected got
    touch fail
    numbered 101 200 >>log
    cat -n log | sed 's/^ *//; s/\t/ /' >expected
    once || once
    assert_lines_equal expected got
    touch die
    numbered 201 300 >>log
    cat -n log | sed 's/^ *//; s/\t/ /' >expected
    run once
    [ ! -e die ]
    once
    assert_lines_equal expected got
}

# feed FROM TO: those lines of the log go to the logger, and to its processor.
feed() {
    sed -n "$1,$2p" log >&"$to_logger"
    wait_for 5 has_lines logger/current $(($2 - $1 + 1))
    send logger ALRM
    wait_for 5 has_processed "$2"
}
has_processed() { cat logger/@*.s >got.logger && [ "$(wc -l <got.logger)" -eq "$1" ]; }

# Each calls the processor at a rotation, which is what their SIGALRM asks for. Descriptor 3 is taken
# since s6-log, if it is free, leaves descriptor 5 to be closed.
@test "exec, processor: the same script under multilog, svlogd and s6-log makes the same of it" {
    local logger to_logger

    require multilog svlogd s6-log
    processor
    once
    numbered 101 200 >>log
    once
    mkdir svlogd
    echo "!$PWD/processor" >svlogd/config
    for logger in "multilog !$PWD/processor $PWD/multilog" "svlogd $PWD/svlogd" "s6-log !$PWD/processor $PWD/s6-log"; do
        ln -sfn "${logger##*/}" logger
        mkfifo lines
        start logger bash -c "exec $logger <lines 3</dev/null"
        exec {to_logger}>lines
        feed 1 100
        feed 101 200
        exec {to_logger}>&-
        ended logger
        assert_equal 200 "$(cat logger/state)"
        assert_lines_equal got got.logger
        rm lines
    done
}

# --- syslog ---

@test "syslog: each line is a message at the socket" {
    require socat
    handler 'type = "syslog"' "socket = \"$PWD/devlog\"" 'facility = "local3"' 'level = "notice"' 'identifier = "app"'
    start daemon socat -u UNIX-RECV:"$PWD/devlog" STDOUT
    wait_for 5 test -S devlog
    numbered 1 3 >log
    once
    wait_for 5 contains daemon.out 'line 00000003'
    contains daemon.out '^<157>.*app.*line 00000001' # local3 * 8 + notice
}

# --- modules ---

# installed: what `make install` gives to somebody who writes a module.
installed() {
    make -s --no-print-directory -C "$SOURCE" BUILD="$BUILD" DESTDIR="$PWD/dest" install >/dev/null
}

# module NAME [FLAG...]: compiled against the installed header alone.
module() {
    local name=$1

    shift
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -shared -fPIC -Idest/usr/local/include "$@" -o "$name.so" "$name.c"
}

@test "the example of ten lines, built against the installed header" {
    installed
    cp dest/usr/local/share/doc/linekeeper/examples/hello.c .
    module hello
    "${CXX:-c++}" --version >/dev/null 2>&1 && "${CXX:-c++}" -fsyntax-only -x c++ -Idest/usr/local/include \
        dest/usr/local/include/linekeeper/handler.h
    handler 'type = "module"' "module = \"$PWD/hello.so\""
    run --separate-stderr -0 once
    assert_equal "$(sed "s|^|hello, $PWD/log: |" log)" "$output"
}

@test "the example that counts is exact through kill -9" {
    installed
    cp dest/usr/local/share/doc/linekeeper/examples/count.c .
    module count
    handler 'type = "module"' "module = \"$PWD/count.so\"" "options = {\"table=$PWD/table\"}"
    : >log
    begin
    for i in {1..10}; do
        numbered 1 1000 >>log
        [ $((i % 2)) = 0 ] || wait_for 5 test -e table.0
        kill -KILL "$(worker t)" || true
    done
    wait_for 10 counted 10000
    stop tailer
    counted 10000
    run -6 "$TAILER" -t -f <(sed 's/table=/nothing=/' t.conf)
    sed -i 's/table=/nothing=/' t.conf
    run -6 "$TAILER" -t -f t.conf
    [[ $output == *'option "table"'* ]]
}
counted() { cat table.[01] | awk -v n="$1" '$2 == n { found = 1 } END { exit !found }'; }

@test "a bare name is looked up among the installed modules" {
    conf
    handler 'type = "module"' 'module = "nosuch"'
    run -6 "$TAILER" -t -f t.conf
    [[ $output == *"/linekeeper/handlers/nosuch.so"* ]]
}

@test "what is no module, of another version, or without a symbol is an error at -t" {
    installed
    echo 'int nothing_here;' >empty.c
    module empty
    cat >old.c <<'END'
#include <linekeeper/handler.h>
const struct lk_handler linekeeper_handler = { .abi = LINEKEEPER_HANDLER_ABI + 1, .name = "old" };
END
    module old
    cat >incomplete.c <<'END'
#include <linekeeper/handler.h>
const struct lk_handler linekeeper_handler = { .abi = LINEKEEPER_HANDLER_ABI, .name = "incomplete" };
END
    module incomplete
    echo rubbish >rubbish.so
    for name in empty old incomplete rubbish missing; do
        handler 'type = "module"' "module = \"$PWD/$name.so\""
        run -6 "$TAILER" -t -f t.conf
        [[ $output == *"t.conf:"*"$name.so"* ]] || { echo "$output" && false; }
    done
}

# A module that writes the lines to `got`, and does what a file beside it says.
moody_module() {
    cat >moody.c <<'END'
#include <linekeeper/handler.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static FILE *out;

static enum lk_verdict process_line(const struct lk_batch *batch, const struct lk_line *line)
{
	(void)batch;
	if (!out)
		out = fopen("got", "ae");
	if (unlink("crash") == 0)
		abort();
	if (access("later", F_OK) == 0)
		return LK_LATER;
	if (access("hang", F_OK) == 0)
		poll(NULL, 0, 1000000);
	if (line->len > 3 && memcmp(line->data, "bad", 3) == 0)
		return LK_BAD;
	fprintf(out, "%.*s\n", (int)line->len, line->data);
	return fflush(out) == 0 ? LK_OK : LK_FAILED;
}

LINEKEEPER_HANDLER("moody", process_line);
END
    installed
    module moody
    handler 'type = "module"' "module = \"$PWD/moody.so\""
}

@test "a module that crashes takes down its own section only, which is started again" {
    moody_module
    beside
    begin
    delivered
    beside=$(worker beside)
    wait_for 5 contains kept/tail-t.checkpoint ':1400:'
    touch crash
    numbered 101 110 | tee -a log >>expected
    wait_for 5 test ! -e crash
    delivered
    contains tailer.err 'tail t: killed by SIGABRT'
    wait_for 5 cmp -s expected got.beside
    assert_equal "$beside" "$(worker beside)"
    finish
}

# constructed NAME STATEMENT: a module that greets each line with its name, and does this when it is
# loaded.
constructed() {
    cat >"$1.c" <<END
#include <linekeeper/handler.h>
#include <stdio.h>
#include <stdlib.h>

static void __attribute__((constructor)) begin(void)
{
	$2;
}

static enum lk_verdict process_line(const struct lk_batch *batch, const struct lk_line *line)
{
	FILE *out = fopen("got", "ae");

	(void)batch;
	if (!out)
		return LK_FAILED;
	fprintf(out, "$1 %.*s\\n", (int)line->len, line->data);
	return fclose(out) == 0 ? LK_OK : LK_FAILED;
}

LINEKEEPER_HANDLER("$1", process_line);
END
    module "$1"
}

@test "a module that crashes when it is looked at is refused, and the daemon goes on" {
    installed
    constructed fatal 'abort()'
    handler 'type = "module"' "module = \"$PWD/fatal.so\""
    run -6 "$TAILER" -t -f t.conf
    [[ $output == *"t.conf:"*"fatal.so: killed by SIGABRT while it was checked"* ]]
    cp t.conf fatal.conf
    conf
    begin
    delivered
    cp fatal.conf t.conf
    send tailer HUP
    wait_for 5 contains tailer.err 'configuration not changed'
    contains tailer.err 'fatal.so: killed by SIGABRT'
    numbered 101 110 | tee -a log >>expected
    delivered
    finish
}

@test "a worker started again takes the module that is there by then" {
    installed
    constructed first ''
    constructed second ''
    cp first.so greet.so
    handler 'type = "module"' "module = \"$PWD/greet.so\""
    sed 's/^/first /' log >expected
    begin
    delivered
    wait_for 5 contains kept/tail-t.checkpoint ':1400:'
    mv second.so greet.so
    kill -KILL "$(worker t)"
    numbered 101 110 | tee -a log | sed 's/^/second /' >>expected
    delivered
    finish
}

@test "a module that says later holds its own section, and loses nothing" {
    moody_module
    beside
    touch later
    begin
    wait_for 5 cmp -s log got.beside
    [ ! -s got ]
    rm later
    delivered
    finish
}

@test "a module that hangs is ended within stop_timeout; its lines come again" {
    moody_module
    beside
    sed -i '1i stop_timeout = 300ms' t.conf
    begin
    delivered
    wait_for 5 contains kept/tail-t.checkpoint ':1400:' # all that was accepted is committed
    touch hang
    numbered 101 110 | tee -a log >>expected
    wait_for 5 cmp -s expected got.beside
    begin_stop=${EPOCHREALTIME/[.,]/}
    stop tailer
    [ $((${EPOCHREALTIME/[.,]/} - begin_stop)) -lt 4000000 ] # by default it has 5 seconds
    rm hang
    begin
    delivered
    finish
}

@test "a line that the handler calls bad goes to the dead letters, with the reason" {
    moody_module
    sed -i "/^tail/a retries = 0\ndead_letter = \"$PWD/dead\"" t.conf
    begin
    delivered
    echo 'bad % line' >>log
    numbered 101 103 | tee -a log >>expected
    delivered
    finish
    assert_equal 1 "$(wc -l <dead)"
    contains dead 'path=.*/log offset=1400 '
    contains dead 'line=bad%20%25%20line$'
}

@test "without dead letters a bad line holds its section, and it is said once" {
    moody_module
    beside
    sed -i '/^tail "t"/a retries = 0' t.conf
    begin
    delivered
    echo 'bad line' >>log
    numbered 101 103 >>log
    wait_for 10 contains tailer.err 'bad line at 1400'
    wait_for 5 cmp -s log got.beside
    assert_lines_equal expected got
    assert_equal 1 "$(grep -c 'bad line at' tailer.err)"
}
