# Targets that are connected to.

bats_require_minimum_version 1.5.0
load helpers

setup() {
    require socat
    enter_room
}

@test "unix and tcp sockets: all lines, at their pace" {
    numbered 1 20000 >source
    start reader socat -u "UNIX-LISTEN:$PWD/socket" -
    wait_for 5 test -S socket
    run -0 "$WRITER" source "unix:$PWD/socket" --interval 0
    ended reader
    assert_lines_equal source reader.out
    port=$((20000 + RANDOM % 20000))
    start reader socat -d -d -u "TCP-LISTEN:$port,bind=127.0.0.1" -
    wait_for 5 contains reader.err listening
    run -0 "$WRITER" source "tcp:127.0.0.1:$port" --interval 0
    ended reader
    assert_lines_equal source reader.out
}

@test "a listener that is not there is waited for, and no line is torn when it leaves" {
    numbered 1 300 >source
    start writer "$WRITER" source "unix:$PWD/socket" --interval 5ms
    wait_for 5 contains writer.err "unix:.*Connection refused"
    start first socat -u "UNIX-LISTEN:$PWD/socket" -
    wait_for 5 has_lines first.out 50
    stop first
    rm -f socket
    start second socat -u "UNIX-LISTEN:$PWD/socket" -
    ended writer
    assert_equal 0 "$status"
    ended second
    run ! grep -vhE '^line [0-9]{8}$' first.out second.out
    # One line or so that the first had received and not read is lost with its connection.
    cat first.out second.out | uniq >got
    [ "$(wc -l <got)" -ge 297 ]
    assert_equal "$(tail -n 1 source)" "$(tail -n 1 second.out)"
    sort -c -u got
}

@test "a reader that does not read holds the writer, and gets everything then" {
    numbered 1 200000 >source
    mkfifo hold
    exec 9<>hold
    start reader socat -u "UNIX-LISTEN:$PWD/socket" "OPEN:$PWD/hold"
    wait_for 5 test -S socket
    start writer "$WRITER" source "unix:$PWD/socket" --interval 0
    wait_for 5 contains "/proc/$(pid writer)/wchan" epoll
    timeout 20 head -n 200000 <&9 >got
    ended writer
    assert_lines_equal source got
    exec 9>&-
}
