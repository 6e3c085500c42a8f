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

serve_pulls() { "$1" "$TAILER" -i -f "$PWD/t.conf" t && wait_for 5 listening; }
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
    serve_pulls with_xinetd
    mkfifo slow
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
        [ "$took" -ge 900 ] && [ "$took" -lt 2000 ]
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
