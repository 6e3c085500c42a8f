# The unit files, judged by systemd without being run.

load helpers

# The units as they would be installed, with programs that exist.
setup() {
    enter_room
    require systemd-analyze
    mkdir units
    cp -r "$SOURCE"/systemd/*.socket "$SOURCE"/systemd/*.d "$BUILD"/systemd/*.service units
    sed -i "s#=[^ ]*/s\?bin/\(linekeeper[-a-z]*\)#=$BUILD/\1#" units/*.service
    cd units || return
}

@test "systemd finds nothing to complain about" {
    run systemd-analyze verify --man=no ./*.service ./*.socket
    assert_equal "" "$output"
    assert_equal 0 "$status"
}

@test "the exposure of every service is below 1.0" {
    for unit in ./*.service; do
        systemd-analyze security --offline=true --threshold=10 "$unit" >report || { tail -n 1 report && false; }
    done
}

@test "user and directories are declared in a way that systemd understands" {
    require_root
    mkdir -p root/etc
    systemd-sysusers --root="$PWD/root" "$PWD/sysusers.d/linekeeper.conf"
    contains root/etc/passwd '^linekeeper:'
    systemd-tmpfiles --root="$PWD/root" --create "$PWD/tmpfiles.d/linekeeper.conf"
    assert_equal "755 700 750" \
        "$(stat -c %a root/run/linekeeper root/var/lib/linekeeper root/var/log/linekeeper | xargs)"
}
