# The pair under a systemd that is PID 1: what it makes of the installed units and configurations.

bats_require_minimum_version 1.5.0
load helpers

BOOT=$SOURCE/tests/boot/boot
SYSTEM=$BATS_FILE_TMPDIR/system
LOGS=/var/log/linekeeper
STATE=/var/lib/linekeeper
CONF=/etc/linekeeper
SBIN=/usr/local/sbin

inside() { "$BOOT" run "$SYSTEM" "$@"; }

# One test system for all tests, with the programs installed as a package would do it.
setup_file() {
    local status=0

    mkdir -p "$SYSTEM"
    "$BOOT" start "$SYSTEM" 2>"$SYSTEM/reason" || status=$?
    [ "$status" != 77 ] || return 0 # the reason to skip each test
    [ "$status" = 0 ] || { cat "$SYSTEM/reason" && return 1; }
    rm "$SYSTEM/reason"
    inside rm -rf $CONF $STATE $LOGS # of this machine's own installation, if any
    make -s --no-print-directory -C "$SOURCE" BUILD="$BUILD" \
        DESTDIR="/proc/$(cat "$SYSTEM/pid")/root" install
    # For builds with sanitizers: the search for leaks takes ptrace(2), which the sandbox forbids.
    write /etc/systemd/system.conf.d/sanitizer.conf <<END
[Manager]
DefaultEnvironment=ASAN_OPTIONS=detect_leaks=0
END
    inside sh -ec "systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload
        cp -a $CONF /root/shipped"
}

teardown_file() {
    [ ! -s "$SYSTEM/pid" ] || "$BOOT" stop "$SYSTEM"
}

# Each test finds what a fresh installation has.
setup() {
    enter_room
    [ ! -e "$SYSTEM/reason" ] || skip "$(cat "$SYSTEM/reason")"
    inside sh -ec "systemctl stop 'linekeeper-*'
        rm -rf $STATE/* $LOGS/* $CONF /etc/systemd/system/linekeeper-*
        cp -a /root/shipped $CONF
        rm -f /etc/systemd/system/*.wants/linekeeper-*
        systemctl daemon-reload
        systemctl reset-failed"
    began=$EPOCHREALTIME
}

teardown() {
    [ -n "${BATS_TEST_COMPLETED:-}" ] || [ -e "$SYSTEM/reason" ] || journal -o short-monotonic | tail -n 40
}

# --- in the test system ---

pair() { inside systemctl "$1" linekeeper-writer linekeeper-tailer; }
property() { inside systemctl show -P "$2" "linekeeper-$1"; }
active() { [ "$(property "$1" ActiveState)" = active ]; }
main_pid() { property "$1" MainPID; }
journal() { inside journalctl -q --since "@$began" "$@"; }

# said PROGRAM PATTERN: in the journal, since the test began.
said() { journal -o cat -u "linekeeper-$1" | grep -q -- "$2"; }

# worker PROGRAM SECTION: the pid of its process.
worker() { inside pgrep -f "^linekeeper-$1: [a-z]* $2\$"; }

# write FILE: a file from standard input.
write() { inside sh -ec "mkdir -p $(dirname "$1") && cat >$1"; }

# set_interval PROGRAM SECONDS: in its installed configuration.
set_interval() { inside sed -i "0,/^.* interval = [0-9.]*/s//    interval = $2/" "$CONF/$1.conf"; }

hurry() {
    set_interval writer 0.02
    set_interval tailer 0.05
}

# --- the oracle: what was handled is what the sample begins with ---

count() { inside sh -c "cat $LOGS/${1:-handled}.log | wc -l"; }
has() { [ "$(count "${2:-handled}")" -ge "$1" ]; }

in_order() {
    inside cat $LOGS/handled.log >handled
    head -n "$(wc -l <handled)" "$SOURCE/etc/Full_data.log" >expected
    assert_lines_equal expected handled
}

# goes_on: more lines come, the very next ones.
goes_on() {
    wait_for 15 has $(($(count) + 20))
    in_order
}

# --- starting and stopping ---

@test "the installed pair runs as it is" {
    pair start
    for program in writer tailer; do
        active $program
        assert_equal "1 of 1 sections running" "$(property $program StatusText)"
        assert_equal "$(main_pid $program)" "$(inside cat /run/linekeeper/$program.pid)"
        assert_equal "linekeeper linekeeper" \
            "$(inside ps -o user= -p "$(main_pid $program)" -p "$(worker $program realtime)" | xargs)"
    done
    wait_for 10 has 8
    in_order
}

@test "stop ends both in good order" {
    hurry
    pair start
    wait_for 10 has 20
    pair stop
    for program in writer tailer; do
        assert_equal "inactive success 0" \
            "$(property $program ActiveState) $(property $program Result) $(property $program ExecMainStatus)"
        said $program '^stopped$'
    done
    run inside ls /run/linekeeper
    [[ $output != *.pid* ]]
    run inside pgrep -u linekeeper
    assert_equal "" "$output"
    in_order
    pair start
    goes_on
}

@test "a broken configuration fails the start with 6, once" {
    for program in writer tailer; do
        inside sh -c "echo colour = red >>$CONF/$program.conf"
        run ! inside systemctl start linekeeper-$program
        assert_equal "failed 6 0" \
            "$(property $program ActiveState) $(property $program ExecMainStatus) $(property $program NRestarts)"
        wait_for 5 said $program "^$CONF/$program.conf:[0-9]*: .*colour"
    done
}

@test "a second instance is refused, with the pid of the first" {
    pair start
    for program in writer tailer; do
        run inside $SBIN/linekeeper-$program -n
        assert_equal 1 "$status"
        [[ $output == *"already running with pid $(main_pid $program) "* ]]
        active $program
    done
}

@test "enabled, both are up after a reboot, and go on at the very next line" {
    hurry
    pair enable
    pair start
    wait_for 10 has 20
    "$BOOT" reboot "$SYSTEM"
    active writer
    active tailer
    goes_on
}

# --- reloading ---

@test "reload takes up a new pace, keeps the place, and leaves other sections alone" {
    set_interval writer 60
    set_interval tailer 0.05
    write $CONF/writer.conf.d/other.conf <<END
replay "other" { source = "/usr/local/share/linekeeper/Full_data.log" target = "$LOGS/other.log" }
END
    pair start
    other=$(worker writer other)
    set_interval writer 0.02
    inside systemctl reload linekeeper-writer
    wait_for 10 has 20
    in_order
    assert_equal "$other" "$(worker writer other)"
    assert_equal "0 0" "$(property writer NRestarts) $(property tailer NRestarts)"
}

@test "reload with an error: it fails, the old configuration stays, the journal says why" {
    hurry
    pair start
    for program in writer tailer; do
        before=$(main_pid $program)
        line=$(inside sh -c "echo 'interval = }' >>$CONF/$program.conf && wc -l <$CONF/$program.conf")
        run ! inside systemctl reload linekeeper-$program
        active $program
        wait_for 5 said $program "^$CONF/$program.conf:$line: "
        inside kill -HUP "$before" # which asks nobody
        wait_for 5 said $program '^configuration not changed'
        [[ $(property $program StatusText) == *"configuration not changed"* ]]
        active $program
        assert_equal "$before" "$(main_pid $program)"
    done
    goes_on
}

# --- accidents ---

@test "killed, each daemon is started again and goes on at the very next line" {
    hurry
    pair start
    for program in writer tailer; do
        wait_for 10 has $(($(count) + 20))
        before=$(main_pid $program)
        inside kill -KILL "$before"
        wait_for 10 eval "active $program && [ \$(main_pid $program) != $before ]"
        assert_equal 1 "$(property $program NRestarts)"
    done
    goes_on
}

@test "a killed worker is started again by its daemon" {
    hurry
    pair start
    for program in writer tailer; do
        wait_for 10 has $(($(count) + 20))
        before=$(main_pid $program)
        killed=$(worker $program realtime)
        inside kill -KILL "$killed"
        wait_for 10 eval "[ \$(worker $program realtime) != $killed ]"
        said $program 'realtime: killed by SIGKILL$'
        assert_equal "$before 0" "$(main_pid $program) $(property $program NRestarts)"
    done
    goes_on
}

@test "a daemon that hangs is found out by the watchdog and started again" {
    hurry
    write /etc/systemd/system/linekeeper-.service.d/watchdog.conf <<END
[Service]
WatchdogSec=1
END
    inside systemctl daemon-reload
    pair start
    wait_for 10 has 20
    for program in writer tailer; do inside kill -STOP "$(main_pid $program)"; done
    for program in writer tailer; do
        wait_for 15 eval "active $program && [ \$(property $program NRestarts) = 1 ]"
        said $program 'Watchdog timeout'
    done
    goes_on
}

# --- the journal and the sandbox ---

@test "messages have their priority in the journal, and no mark of it in the text" {
    pair start
    inside kill -KILL "$(worker tailer realtime)"
    wait_for 5 said tailer '^tail realtime: killed by SIGKILL$'
    journal -o cat -u linekeeper-tailer -p err | contains /dev/stdin '^tail realtime: killed'
    wait_for 5 said writer '^1 of 1 sections running$'
    journal -o json -u linekeeper-writer | grep '"1 of 1 sections running"' >message
    contains message '"PRIORITY":"6"'
    contains message '"SYSLOG_IDENTIFIER":"linekeeper-writer"'
    run -1 journal -o cat -u 'linekeeper-*' -g '^<[0-9]>'
}

@test "the exposure of both services is below 1.0" {
    inside systemd-analyze security --threshold=10 linekeeper-{writer,tailer}.service >report ||
        { tail -n 1 report && false; }
}

@test "what runs in the daemon can write to its own directories only, and has no network" {
    inside install -d -m 1777 /srv/open
    write /srv/probe <<END
for place in /srv/open $LOGS $STATE /run/linekeeper /tmp; do
    touch \$place/probe && echo "may write to \$place"
done
[ ! -e /proc/1 ] || echo "sees other processes"
[ ! -e /home/hers ] || echo "sees homes"
[ "\$(readlink /proc/self/ns/net)" != "$(inside readlink /proc/1/ns/net)" ] || echo "has the network"
END
    write $CONF/writer.conf.d/probe.conf <<END
job "probe" {
    command = {"/bin/sh", "/srv/probe"}
    first = "now"
    interval = 60
    target = "$LOGS/probe.log"
}
END
    inside touch /home/hers
    pair start
    wait_for 10 said writer 'probe: .*/srv/open/probe'
    wait_for 10 has 4 probe
    printf 'may write to %s\n' $LOGS $STATE /run/linekeeper /tmp >expected
    inside cat $LOGS/probe.log >probe
    assert_lines_equal expected probe
    inside test ! -e /tmp/probe # it has one of its own
}

# --- sockets ---

@test "a client of the tailer's socket gets what was not yet pulled" {
    require nc
    hurry
    inside systemctl start linekeeper-tailer.socket
    pair start
    wait_for 10 has 20
    inside systemctl stop linekeeper-writer
    inside cat $LOGS/Realtime.log >written
    inside nc -dU /run/linekeeper-tailer.socket >first
    assert_lines_equal written first
    inside systemctl start linekeeper-writer
    wait_for 10 has $(($(wc -l <written) + 20))
    inside systemctl stop linekeeper-writer
    inside cat $LOGS/Realtime.log >written
    inside nc -dU /run/linekeeper-tailer.socket >second
    cat first second >pulled
    assert_lines_equal written pulled
    [ -s second ]
    in_order # the resident daemon was not disturbed
}

@test "the serving socket starts the tailer, outlives its restart, and gives new lines to everybody" {
    hurry
    write $CONF/tailer.conf.d/serve.conf <<END
handler "serve" { type = "serve" }
tail "live" { path = {"$LOGS/Realtime.log"} interval = 50ms handler = "serve" }
END
    inside systemctl start linekeeper-serve.socket linekeeper-writer
    ! active tailer
    inside sh -c 'nc -dU /run/linekeeper-serve.socket | head -n 5' >first # the first one starts it
    assert_equal 5 "$(wc -l <first)"
    grep -qFxf "$SOURCE/etc/Full_data.log" first
    active tailer
    inside systemctl restart linekeeper-tailer
    inside sh -c 'nc -dU /run/linekeeper-serve.socket | head -n 5' >second
    assert_equal 5 "$(wc -l <second)"
    assert_equal "adm 660" "$(inside stat -c '%G %a' /run/linekeeper-serve.socket)"
    in_order
}

@test "a client of the writer's socket gets the replay" {
    require nc
    inside systemctl start linekeeper-writer.socket
    inside sh -c 'nc -dU /run/linekeeper-writer.socket | head -n 4' >got
    head -n 4 "$SOURCE/etc/Full_data.log" >expected
    assert_lines_equal expected got
}

# --- metrics ---

scrape() {
    inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/9917 && printf "GET /metrics HTTP/1.0\r\n\r\n" >&3 && cat <&3' >scraped
}

# scraped PATTERN: a scrape that brings it.
scraped() { scrape && contains scraped "$1"; }

@test "a scrape starts linekeeperctl in the sandbox, where it sees daemons and files" {
    hurry
    inside systemctl start linekeeper-metrics.socket
    scrape
    contains scraped '^HTTP/1.1 200 OK'
    contains scraped '^linekeeper_up{daemon="tailer"} 0'
    pair start
    wait_for 10 has 20
    wait_for 10 scraped '^linekeeper_tail_file_lag_bytes{section="realtime",path="/var/log/linekeeper/Realtime.log"}'
    contains scraped '^linekeeper_up{daemon="writer"} 1'
    run inside linekeeperctl status
    assert_equal 0 "$status"
    run inside systemctl is-failed 'linekeeper-metrics@*'
    [ "$status" != 0 ]
}
