# From a super-daemon: the client gets the replay of a section at its pace, from the beginning.

bats_require_minimum_version 1.5.0
load helpers

setup() {
    enter_room
    numbered 1 20 >source
    cat >w.conf <<END
state = "$PWD/kept"
pidfile = "$PWD/run/w.pid"
replay "quick" { source = "$PWD/source" target = "$PWD/target" interval = 1ms rotate { size = 100 } }
replay "paced" { source = "$PWD/source" target = "$PWD/target" interval = 20ms }
replay "idle"  { source = "$PWD/source" target = "$PWD/target" interval = 1h }
replay "full"  { source = "/dev/shm" target = "$PWD/target" }
job "job" { command = {"/bin/date"} interval = 1 target = "$PWD/target" }
END
}

@test "the client gets all lines and then end of file, each client anew" {
    for _ in 1 2; do
        "$WRITER" -f w.conf -i quick </dev/null >got 2>err
        assert_lines_equal source got
        [ ! -s err ]
    done
    [ ! -e target ] && [ ! -e run/w.pid ] && [ ! -e kept ]
}

@test "over a socket, at its pace; a client that leaves ends it" {
    require socat
    begin=${EPOCHREALTIME/[.,]/}
    socat -u "EXEC:$WRITER -f w.conf -i paced" - >got
    [ $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) -ge 380 ]
    assert_lines_equal source got
    start client socat -u "EXEC:$WRITER -f w.conf -i idle" -
    wait_for 5 contains client.out 'line 00000001'
    writer=$(pgrep -f "^$WRITER -f w.conf -i idle$|linekeeper-writer: replay idle")
    send client KILL
    wait_for 5 gone "$writer"
}

@test "from systemd-socket-activate, two clients at once" {
    require systemd-socket-activate socat
    start server systemd-socket-activate -a --inetd -l "$PWD/socket" "$WRITER" -f w.conf -i quick
    wait_for 5 test -S socket
    socat -u UNIX-CONNECT:socket - >one &
    timeout 10 socat -u UNIX-CONNECT:socket - >two
    wait $!
    assert_lines_equal source one
    assert_lines_equal source two
}

@test "what goes wrong is not said to the client" {
    run -6 "$WRITER" -f w.conf -i nothing
    assert_equal "" "$output"
    run -6 "$WRITER" -f w.conf -i job
    assert_equal "" "$output"
    run -2 "$WRITER" -f w.conf -i
    assert_equal "" "$output"
    run -1 "$WRITER" -f w.conf -i full
    assert_equal "" "$output"
}
