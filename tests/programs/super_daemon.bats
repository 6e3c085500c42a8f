# Under real super-daemons: what a client gets that pulls, and what it has acknowledged.

bats_require_minimum_version 1.5.0
load helpers
load tailer

setup() {
    enter_room
    numbered 1 1000 >log
    : >pulled
    conf
    ss -Hltn | awk '{ print $4 }' | sed 's/.*://' >taken
    port=$(shuf -i 20000-30000 -n 50 | grep -vxFf taken | head -n 1)
}

# --- the super-daemons, each serving "$PROGRAM ARGUMENT..." at 127.0.0.1:$port ---

with_xinetd() { # PROGRAM ARGUMENT...
    require xinetd
    local program=$1
    shift
    cat >xinetd.conf <<END
defaults
{
    log_type = FILE $PWD/xinetd.log
}
service pull
{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    bind = 127.0.0.1
    port = $port
    wait = no
    user = $(id -un)
    server = $program
    server_args = $*
}
END
    start super xinetd -dontfork -pidfile "$PWD/xinetd.lock" -f "$PWD/xinetd.conf"
}

with_inetd() {
    require inetd
    local program=$1
    shift
    echo "127.0.0.1:$port stream tcp nowait $(id -un) $program ${program##*/} $*" >inetd.conf
    start super inetd -d "$PWD/inetd.conf"
}

with_systemd() {
    require systemd-socket-activate
    # In inetd's way the client is on standard error too.
    start super systemd-socket-activate -a --inetd -l "127.0.0.1:$port" "$@"
}

# serve_pulls SUPER [OPTION...]
serve_pulls() {
    local super=$1
    shift
    "$super" "$TAILER" -i "$@" -f "$PWD/t.conf" t && wait_for 5 listening
}
listening() { ss -Hltn "sport = :$port" | grep -q .; }

# --- clients ---

# pull: as nc; it ends by itself when we do.
pull() { timeout 20 nc 127.0.0.1 "$port" </dev/null 3>&-; }
pull_by_socat() { timeout 20 socat -u "TCP:127.0.0.1:$port" STDOUT 3>&-; }

# Each process that serves has ended, and its place is saved.
served() { wait_for 10 no_child "$(pid super)"; }
no_child() { ! pgrep -P "$1" >/dev/null; }

# nc -N shuts its side down at the end of its input, before it has seen our end: a half-close.
half_close() { timeout 20 nc -N 127.0.0.1 "$port" </dev/null 3>&-; }

pulls_each_once() {
    serve_pulls "$1"
    "$2" >first
    assert_lines_equal log first
    served
    "$2" >second
    assert_equal "" "$(cat second)"
    served
    numbered 1001 1010 | tee since >>log
    "$2" >third
    assert_lines_equal since third
    served
    numbered 1011 5000 | tee since >>log
    mv log log.1
    numbered 5001 5010 | tee -a since >log
    "$2" >fourth
    assert_lines_equal since fourth
    served
    assert_equal "" "$(grep -l linekeeper-tailer: first second third fourth)" # nothing on fd 2
}

@test "xinetd, nc: the first gets everything up to now, the second only what came since" { pulls_each_once with_xinetd pull; }
@test "openbsd-inetd, nc: likewise" { pulls_each_once with_inetd pull; }
@test "systemd sockets, nc: likewise" { pulls_each_once with_systemd pull; }
@test "xinetd, socat: likewise" { pulls_each_once with_xinetd pull_by_socat; }
@test "openbsd-inetd, socat: likewise" { pulls_each_once with_inetd pull_by_socat; }
@test "systemd sockets, socat: likewise" { pulls_each_once with_systemd pull_by_socat; }

@test "one pull brings all there is, through every rotation and compression" {
    serve_pulls with_systemd
    pull >first
    served
    numbered 1001 1010 >>log
    mv log log.5
    numbered 1011 60000 | gzip >log.4.gz
    : | gzip >log.3.gz
    numbered 60001 60010 | xz >log.2.xz
    numbered 60011 60020 >log.1
    numbered 60021 60030 >log
    pull >second
    assert_lines_equal <(numbered 1001 60030) second
    served
    [ -z "$(pull)" ]
}

killed_in_the_middle() {
    yes 'a long line, so that not all of them fit into the socket buffers' | head -n 500000 | cat -n >log
    serve_pulls "$1"
    mkfifo slow
    start client socat -u "TCP:127.0.0.1:$port" GOPEN:slow
    exec 6<slow
    head -n 1000 <&6 >part
    send client KILL
    ended client
    exec 6<&-
    served
    pull_by_socat >whole
    assert_lines_equal log whole
    served
    [ -z "$(pull_by_socat)" ]
}
@test "a client that is killed in the middle costs nothing" {
    for super in with_xinetd with_inetd with_systemd; do
        killed_in_the_middle "$super"
        stop_all
        rm -rf kept slow
    done
}

@test "a half-close acknowledges nothing: the lines come again" {
    serve_pulls with_xinetd
    half_close >half || true
    served
    pull_by_socat >whole
    assert_lines_equal log whole
    served
    [ -z "$(pull_by_socat)" ]
}

@test "a client that leaves without having read all acknowledges nothing" {
    serve_pulls with_xinetd
    exec 6<>"/dev/tcp/127.0.0.1/$port"
    wait_for 5 has_our_end
    exec 6>&- # answered by the kernel with a reset, for there was something left to read
    served
    pull_by_socat >whole
    assert_lines_equal log whole
}

has_our_end() { ss -Htn state close-wait "dport = :$port" | grep -q .; }

@test "two clients at once: each line goes to one of them" {
    serve_pulls with_xinetd --wait
    start one timeout 30 socat -u "TCP:127.0.0.1:$port" "CREATE:one"
    start two timeout 30 socat -u "TCP:127.0.0.1:$port" "CREATE:two"
    ended one 20
    ended two 20
    assert_lines_equal log <(cat one two)
}

@test "the resident daemon and the pulls do not disturb each other" {
    cp log expected
    follow
    delivered
    serve_pulls with_xinetd
    pull_by_socat >first
    assert_lines_equal log first
    numbered 1001 1100 | tee since | tee -a log >>expected
    delivered
    served
    pull_by_socat >second
    assert_lines_equal since second
    finish
}

@test "nothing on descriptor 2, no fork, no pidfile, also when something is wrong" {
    start_pair() { socat -u "EXEC:'$TAILER' -i $*,stderr" STDOUT 3>&- 2>client.err || true; }
    start_pair "-f $PWD/t.conf t" >got.first
    assert_lines_equal log got.first
    start_pair "-f $PWD/missing.conf" >out
    assert_equal "" "$(cat out)"
    mkdir -p kept && echo garbage >kept/tail-t.pull.checkpoint
    start_pair "-f $PWD/t.conf t" >got.again
    assert_lines_equal log got.again
    assert_equal "" "$(find run -type f)"
}

@test "what is no socket takes what it is given: -i to a file or a pipe" {
    "$TAILER" -i -f t.conf t >first </dev/null
    assert_lines_equal log first
    "$TAILER" -i -f t.conf t </dev/null | cat >second
    assert_equal "" "$(cat second)"
}

# --- one client at a time ---

# A client that is being served and does not come to its end.
occupy() {
    yes 'a long line, so that not all of them fit into the socket buffers' | head -n 500000 | cat -n >log
    start occupant bash -c "exec 6<>/dev/tcp/127.0.0.1/$port; head -n 1 <&6; exec sleep 60"
    wait_for 10 has_lines occupant.out 1
}
leaves() { send occupant KILL && ended occupant; }

@test "a second client of a section is refused by a reset, never by an end that says: nothing new" {
    for super in with_xinetd with_inetd with_systemd; do
        serve_pulls "$super"
        occupy
        run bash -c "cat </dev/tcp/127.0.0.1/$port" # some clients hide it
        assert_equal 1 "$status"
        [[ $output == *'Connection reset by peer'* ]]
        leaves
        served
        pull_by_socat >whole
        assert_lines_equal log whole
        served
        stop_all
        rm -rf kept
    done
}

@test "with --wait it has its turn; one that leaves meanwhile is noticed" {
    serve_pulls with_xinetd --wait
    occupy
    start second socat -u "TCP:127.0.0.1:$port" CREATE:whole
    start impatient socat -u "TCP:127.0.0.1:$port" STDOUT
    wait_for 5 children 3
    send impatient KILL
    ended impatient
    wait_for 5 children 2
    [ ! -s whole ]
    leaves
    ended second 20
    assert_lines_equal log whole
    assert_equal "" "$(cat impatient.out)"
}
children() { [ "$(pgrep -c -P "$(pid super)")" = "$1" ]; }

# --- clients that say what they have taken ---

# takes COUNT [EVERY]: takes so many lines, acknowledging each so many and the last.
takes() {
    timeout 20 python3 -u - "$port" "$1" "${2:-1}" 3>&- <<'END'
import socket, sys
port, count, every = map(int, sys.argv[1:])
connection = socket.create_connection(("127.0.0.1", port))
for taken, line in enumerate(connection.makefile("rb"), 1):
    sys.stdout.buffer.write(line)
    if taken % every == 0 or taken == count:
        connection.sendall(b"%d\n" % taken)
    if taken == count:
        break
connection.shutdown(socket.SHUT_WR)
while connection.recv(65536): # to close with bytes unread is a reset, which may overtake the count
    pass
END
}

acknowledged_lines() {
    numbered 1 50000 >log
    conf 'ack = "line"'
    serve_pulls "$1"
    takes 777 100 >first
    served
    takes 20000 1000 >second
    served
    takes 50000 >third # and reads the end
    served
    assert_equal 777 "$(wc -l <first)"
    assert_lines_equal log <(cat first second third)
    [ -z "$(takes 1)" ]
}
@test "xinetd: exactly the lines that a client says it has taken are done" { acknowledged_lines with_xinetd; }
@test "openbsd-inetd: likewise" { acknowledged_lines with_inetd; }
@test "systemd sockets: likewise" { acknowledged_lines with_systemd; }

@test "lines of several files, acknowledged one by one over many connections: each comes once" {
    for i in 1 2 3; do seq -f "$i-%05.0f" 1 300 >"log$i"; done
    conf "path = \"$PWD/log*\"" 'ack = "line"'
    serve_pulls with_xinetd
    : >all
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        takes 100 7 >>all
        served
    done
    assert_lines_equal <(cat log log1 log2 log3 | head -n 1000) <(sort all | sed '/^line/!d' && sort all | sed '/^line/d')
}

@test "a client that acknowledges what it cannot have, or sends garbage, is left; what it has is done" {
    conf 'ack = "line"'
    serve_pulls with_xinetd
    for nonsense in 1001 x -1 ''; do
        exec 6<>"/dev/tcp/127.0.0.1/$port"
        head -n 10 <&6 >part
        printf '10\n%s\n' "$nonsense" >&6
        served
        exec 6>&-
    done
    pull >rest || true
    assert_equal "$(sed -n 41p log)" "$(head -n 1 rest)"
}

# --- clients that stay ---

follows() { # SUPER
    conf 'ack = "line"'
    serve_pulls "$1" --follow
    start stays bash -c "$(declare -f takes); port=$port; takes 3000"
    wait_for 10 has_lines stays.out 1000
    numbered 1001 2000 >>log
    mv log log.1
    numbered 2001 2990 >log
    wait_for 10 has_lines stays.out 2990
    numbered 2991 3000 >>log
    ended stays 20
    served # its leaving is noticed at once
    cat log.1 log >expected
    assert_lines_equal expected stays.out
    conf
    "$TAILER" -i -f t.conf t </dev/null >again
    assert_equal "" "$(cat again)"
}
@test "xinetd, --follow: new lines come until the client leaves, and are done as it says" { follows with_xinetd; }
@test "openbsd-inetd, --follow: likewise" { follows with_inetd; }
@test "systemd sockets, --follow: likewise" { follows with_systemd; }

@test "--follow without acknowledged lines streams, and its place stays: nothing is lost" {
    serve_pulls with_xinetd --follow
    start stays nc 127.0.0.1 "$port"
    wait_for 10 has_lines stays.out 1000
    numbered 1001 1100 >>log
    wait_for 10 has_lines stays.out 1100
    assert_lines_equal log stays.out
    send stays KILL
    ended stays
    served
    start again nc 127.0.0.1 "$port"
    wait_for 10 has_lines again.out 1100
    assert_lines_equal log again.out
    send again KILL
    ended again
    served
    mv log log.1
    numbered 1101 1110 >log
    start rotated nc 127.0.0.1 "$port"
    wait_for 10 has_lines rotated.out 1110
    assert_lines_equal <(cat log.1 log) rotated.out
}

# --- the network fails ---

@test "a reset, a half-close and a connection cut in two cost no line" {
    yes 'a long line, so that not all of them fit into the socket buffers' | head -n 100000 | cat -n >log
    conf 'ack = "line"'
    serve_pulls with_xinetd
    : >all
    cat >client.py <<'END'
import fcntl, os, socket, struct, sys, termios
port, how = int(sys.argv[1]), sys.argv[2]
connection = socket.create_connection(("127.0.0.1", port))
lines = connection.makefile("rb")
for taken in range(1, 5001):
    sys.stdout.buffer.write(lines.readline())
    if taken % 500 == 0:
        connection.sendall(b"%d\n" % taken)
while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"1234"))[0]:
    pass # the count has not arrived
if how == "reset":
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
elif how == "half":
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass
else:
    sys.stdout.flush()
    os._exit(1)
END
    for how in reset half cut reset half; do
        timeout 20 python3 client.py "$port" $how >part 3>&- || true
        cat part >>all
        served
    done
    head -n 25000 log >expected
    assert_lines_equal expected all
}

@test "a thousand connects at once: each is answered or refused, and no line is lost or doubled" {
    cat >crowd.py <<'END'
import socket, sys
crowd = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(1000)]
for one in crowd:
    one.settimeout(60)
    text = b""
    try:
        while part := one.recv(65536):
            text += part
    except ConnectionResetError:
        text = b""
    one.close()
    sys.stdout.buffer.write(text)
END
    with_systemd "$TAILER" -i -f "$PWD/t.conf" t
    wait_for 5 listening
    timeout 60 python3 crowd.py "$port" >got 3>&-
    served
    pull_by_socat >>got
    assert_lines_equal log got
}

# --- the writer ---

writer_conf() {
    head -n 20 log >source
    cat >w.conf <<CONF
state = "$PWD/kept"
replay "r" { source = "$PWD/source" target = "$PWD/target" interval = ${1:-10ms} }
CONF
}

@test "the writer gives each client the replay at its pace" {
    writer_conf 50ms
    for super in with_xinetd with_inetd with_systemd; do
        "$super" "$WRITER" -i -f "$PWD/w.conf" r
        wait_for 5 listening
        begin=${EPOCHREALTIME/[.,]/}
        pull_by_socat >first
        took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
        assert_lines_equal source first
        [ "$took" -ge 900 ]
        pull >second
        assert_lines_equal source second
        stop_all
    done
    [ ! -e target ]
}

@test "a client that leaves ends its writer" {
    writer_conf 200ms
    with_xinetd "$WRITER" -i -f "$PWD/w.conf" r
    wait_for 5 listening
    timeout 20 socat -u "TCP:127.0.0.1:$port" SYSTEM:'head -n 1 >part' || true
    served
}
