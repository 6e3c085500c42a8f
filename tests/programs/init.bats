# The init script sample, for systems without systemd.

load helpers

setup() {
    enter_room
    require flock
    sed -e "s|^SBINDIR=.*|SBINDIR=$BUILD|" -e "s|^CONFDIR=.*|CONFDIR=$PWD|" \
        -e "s|^RUNDIR=.*|RUNDIR=$PWD|" "$SOURCE/etc/init.d/linekeeper.in" >linekeeper
    numbered 1 10 >source
    : >target
    cat >writer.conf <<END
state = "$PWD/state"
replay "numbers" { source = "$PWD/source" target = "$PWD/target" interval = 0.01 }
END
    cat >tailer.conf <<END
state = "$PWD/state"
handler "out" { type = "file" path = "$PWD/handled" }
tail "numbers" { path = {"$PWD/target"} interval = 0.05 handler = "out" }
END
}

init() { sh linekeeper "$@" 3>&-; }

@test "start, status, reload, stop, each with the status the LSB asks for" {
    run init status
    assert_equal 3 "$status"
    init start
    init status
    wait_for 10 has_lines handled 10
    assert_lines_equal source handled
    init start # again: nothing to do
    init reload
    init status
    init stop
    run init status
    assert_equal 3 "$status"
    init stop # again: nothing to do
    run init reload
    assert_equal 7 "$status"
}

@test "restart goes on at the very next line" {
    init start
    wait_for 10 has_lines handled 10
    numbered 11 20 >>source
    init restart
    wait_for 10 has_lines handled 20
    init stop
    assert_lines_equal source handled
}

@test "a bad configuration stops no daemon that runs" {
    init start
    echo 'tail "x" {' >>tailer.conf
    run init restart
    assert_equal 6 "$status"
    contains /dev/stdin 'tailer.conf:' <<<"$output"
    init status
}

@test "a pidfile that was left behind is told from a running daemon" {
    echo 1 >writer.pid
    echo 1 >tailer.pid
    run init status
    assert_equal 1 "$status"
    init start
    init status
}

@test "no such action is a usage error" {
    run init dance
    assert_equal 2 "$status"
}
