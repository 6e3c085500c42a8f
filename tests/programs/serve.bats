# The handler that serves: new lines to everybody who is connected, by real clients.

bats_require_minimum_version 1.5.0
load helpers
load tailer

setup() {
    enter_room
    : >log
    : >expected
    ss -Hltn | awk '{ print $4 }' | sed 's/.*://' >taken
    port=$(shuf -i 20000-30000 -n 50 | grep -vxFf taken | head -n 1)
}

# serves [KEY = VALUE...]: a configuration whose section "t" is served; the keys are the handler's.
serves() {
    conf
    sed -i "s|^handler .*|handler \"out\" { type = \"serve\" ${*:-listen = {\"$PWD/lines\", \"127.0.0.1:$port\"\}} }|" t.conf
}

begin() {
    start tailer "$TAILER" -n -f t.conf
    wait_for 10 listening
}
listening() { ss -Hltn "sport = :$port" | grep -q .; }

more() { numbered "$1" "$2" | tee -a expected >>log; }

# Both ends of a connection in `ss`, once it is accepted.
connections() { ss -Htn state established "sport = :$port" | wc -l; }
has_connections() { [ "$(connections)" = "$1" ]; }

figure() { # NAME: as the .stats file shows it
    python3 - "$1" <<'END'
import struct, sys
pages = open("run/t.stats", "rb").read()
at = pages.find(sys.argv[1].encode() + b"\0")
print(struct.unpack_from("=Q", pages, at + 48)[0] if at >= 0 else "none")
END
}
figure_is() { [ "$(figure "$1")" = "$2" ]; }

# got NAME: what this client has is what is expected.
has_all() { cmp -s expected "$1.out"; }
got() { wait_for 10 has_all "$1" || assert_lines_equal expected "$1.out"; }

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$(worker t)/status"; }

@test "any number of clients, over TCP and a Unix socket, get every line from their connect on" {
    serves
    numbered 1 100 >log # before anybody is there
    begin
    wait_for 10 figure_is lines_total 100
    start nc nc 127.0.0.1 "$port"
    start unix nc -U "$PWD/lines"
    start socat socat -u "TCP:127.0.0.1:$port" STDOUT
    wait_for 10 figure_is clients 3
    more 101 200
    for client in nc unix socat; do got $client; done
    stop socat
    wait_for 10 figure_is clients 2 # noticed although nothing is written
    more 201 300
    for client in nc unix; do got $client; done
    assert_equal "660 $(id -un)" "$(stat -c '%a %U' lines)"
    stop tailer
    assert_equal 0 "$status"
    [ ! -e lines ]
    ended nc
    ended unix
}

@test "a client that does not read is cut off and counted; the others and the log go on" {
    serves "listen = {\"127.0.0.1:$port\"} buffer = 64k"
    begin
    start good socat -u "TCP:127.0.0.1:$port" STDOUT
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    wait_for 10 figure_is clients 2
    for ((i = 1; i <= 400000; i += 4000)); do
        more $i $((i + 3999))
        wait_for 10 figure_is lines_total $((i + 3999))
        got good # it keeps up, so it must have them all
    done
    wait_for 10 figure_is clients_cut_off_total 1
    wait_for 10 figure_is clients 1
    contains tailer.err 'does not keep up'
    exec 6>&-
}

@test "garbage, a half-close, a reset: that client is gone, or ignored, and nobody else notices" {
    serves
    begin
    start good socat -u "TCP:127.0.0.1:$port" STDOUT
    wait_for 10 figure_is clients 1
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    head -c 1000000 /dev/urandom >&6
    wait_for 10 figure_is clients 2
    nc -N 127.0.0.1 "$port" </dev/null >half.out 3>&- # taken to have left
    start killed nc 127.0.0.1 "$port"
    wait_for 10 figure_is clients 3
    more 1 1000
    got killed
    send killed KILL
    ended killed
    wait_for 10 figure_is clients 2
    exec 6>&- # with lines unread: a reset
    wait_for 10 figure_is clients 1
    more 1001 2000
    got good
    assert_equal "" "$(cat half.out)"
}

@test "a thousand connects at once: all are served, and nothing is left of them" {
    export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=0:thread_local_quarantine_size_kb=0
    serves
    begin
    start good socat -u "TCP:127.0.0.1:$port" STDOUT
    wait_for 10 figure_is clients 1
    worker=$(worker t)
    before=$(descriptors "$worker")
    cat >crowd.py <<'END'
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
crowd = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(1000)]
print("connected", flush=True)
lines = [one.makefile("rb").readline() for one in crowd]
print(lines.count(b"line 00000001\n"), flush=True)
END
    for _ in 1 2 3; do
        start crowd python3 crowd.py "$port"
        wait_for 20 figure_is clients 1001
        numbered 1 1 >>log
        ended crowd 20
        assert_equal 1000 "$(tail -n 1 crowd.out)"
        wait_for 10 figure_is clients 1
        wait_for 10 has_descriptors "$worker" "$before"
        sizes+=("$(resident)")
    done
    echo "kB: ${sizes[*]}"
    [ "${sizes[2]}" -le $((sizes[0] + 512)) ]
    [ "$(worker t)" = "$worker" ]
}

@test "out of descriptors it lets nobody in, does not spin, and goes on when somebody leaves" {
    require prlimit
    serves
    begin
    worker=$(worker t)
    prlimit --pid "$worker" --nofile=$(($(descriptors "$worker") + 3))
    for i in 1 2 3 4 5; do start "c$i" nc 127.0.0.1 "$port"; done
    wait_for 10 contains tailer.err 'no more are let in'
    inside=$(figure clients)
    [ "$inside" -lt 5 ]
    more 1 100
    assert_equal 1 "$(awk '{ print ($14 + $15 < 100) }' "/proc/$worker/stat")" # ticks of processor time
    for i in 1 2 3 4 5; do send "c$i" KILL && ended "c$i"; done
    start late nc 127.0.0.1 "$port"
    : >expected
    wait_for 10 figure_is clients 1
    more 101 200
    got late
}

@test "a socket left by a killed daemon is replaced, one in use is not" {
    serves
    begin
    worker=$(worker t)
    send tailer KILL
    ended tailer
    wait_for 10 gone "$worker"
    [ -S lines ]
    begin
    stop tailer
    start other socat UNIX-LISTEN:"$PWD/lines",fork EXEC:cat
    wait_for 10 test -S lines
    run "$TAILER" -d -f t.conf
    [ "$status" != 0 ]
    [[ $output == *"$PWD/lines: Address already in use"* ]]
}

@test "SIGHUP keeps clients whose section has not changed" {
    serves
    begin
    start client nc 127.0.0.1 "$port"
    wait_for 10 figure_is clients 1
    send tailer HUP
    wait_for 10 contains tailer.err 'read again'
    more 1 100
    got client
}

@test "TCP beyond this machine only when allowed; wrong addresses are errors at -t" {
    refused() {
        serves "$1"
        run "$TAILER" -t -f t.conf
        assert_equal 6 "$status"
        [[ $output == *"$2"* ]] || { echo "$output" && false; }
    }
    refused 'listen = {"0.0.0.0:5140"}' 'allow_remote = "yes"'
    refused 'listen = {"[::]:5140"}' 'allow_remote = "yes"'
    refused 'listen = {"lines.sock"}' 'an absolute path'
    refused 'listen = {"127.0.0.1:0"}' '127.0.0.1:PORT'
    refused 'listen = {"127.0.0.1:65536"}' '127.0.0.1:PORT'
    refused 'listen = {"::1:5140"}' '[::1]:PORT'
    refused 'buffer = 1k' 'at least 64k'
    refused 'path = "/x"' 'allowed here: type, listen, buffer, allow_remote'
    serves "listen = {\"0.0.0.0:$port\", \"[::]:$port\"} allow_remote = yes"
    "$TAILER" -T -f t.conf >dump
    "$TAILER" -T -f dump | cmp - dump
    begin
    start six socat -u "TCP6:[::1]:$port" STDOUT
    wait_for 10 figure_is clients 1
    more 1 10
    got six
}

@test "two sections cannot share the sockets" {
    serves
    echo "tail \"u\" { path = {\"$PWD/log\"} handler = \"out\" }" >>t.conf
    run "$TAILER" -t -f t.conf
    assert_equal 6 "$status"
    [[ $output == *"its sockets cannot be shared"* ]]
}

# --- sockets from systemd ---

activated() { # [OPTION...]
    require systemd-socket-activate
    start tailer systemd-socket-activate -l "127.0.0.1:$port" "$@" "$TAILER" -n -f "$PWD/t.conf"
    wait_for 10 listening
}

@test "a passed socket bearing the handler's name is used in place of listen, also by the next worker" {
    serves "listen = {\"$PWD/lines\"}"
    activated --fdname=out
    start first nc 127.0.0.1 "$port" # what starts the daemon
    wait_for 10 figure_is clients 1
    [ ! -e lines ]
    more 1 10
    got first
    wait_for 10 contains kept/tail-t.checkpoint handed=140
    worker=$(worker t)
    kill -KILL "$worker"
    ended first
    start second nc 127.0.0.1 "$port" # waits in the queue until there is a worker again
    wait_for 10 figure_is clients 1
    [ "$(worker t)" != "$worker" ]
    : >expected
    more 11 20
    got second
    stop tailer
    assert_equal 0 "$status"
}

@test "a passed socket of another name is named and left alone" {
    serves
    sed -i "s/, .127.0.0.1:$port.//" t.conf
    activated --fdname=strange
    start first nc 127.0.0.1 "$port"
    wait_for 10 contains tailer.err 'socket named "strange" was passed'
    wait_for 10 test -S lines
}

@test "without a socket it says what is missing" {
    serves 'buffer = 1M'
    run "$TAILER" -d -f t.conf
    assert_equal 1 "$status"
    [[ $output == *'no listen is set, and systemd passed no socket named "out"'* ]]
}
