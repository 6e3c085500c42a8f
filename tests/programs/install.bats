# What `make install` lays down, and what `make uninstall` leaves.

load helpers

house() { make -s --no-print-directory -C "$SOURCE" BUILD="$BUILD" DESTDIR="$PWD/dest" "$@"; }

@test "install lays down programs, header, handlers, units, manuals, sample and configurations" {
    house install
    for file in usr/local/sbin/linekeeper-{writer,tailer} usr/local/bin/linekeeperctl \
        usr/local/share/bash-completion/completions/linekeeper{-writer,-tailer,ctl} \
        usr/local/share/zsh/site-functions/_linekeeper usr/local/share/man/man1/linekeeperctl.1 \
        usr/local/include/linekeeper/handler.h \
        usr/local/lib/linekeeper/handlers usr/local/lib/systemd/system/linekeeper-tailer.service \
        usr/local/lib/sysusers.d/linekeeper.conf usr/local/share/linekeeper/Full_data.log \
        usr/local/share/man/man8/linekeeper-tailer.8 etc/linekeeper/{writer,tailer}.conf; do
        [ -e "dest/$file" ] || { echo "missing: $file" && false; }
    done
    run grep -r '@[A-Z]*@' dest/usr/local/lib dest/usr/local/share/doc dest/etc
    assert_equal "" "$output"
}

@test "the installed programs answer for themselves" {
    house install
    assert_equal "linekeeper-tailer $(sed -n 's/^VERSION = //p' "$SOURCE/Makefile")" \
        "$(dest/usr/local/sbin/linekeeper-tailer --version)"
}

@test "an edited configuration stays, the new one comes to lie beside it" {
    house install
    echo '# mine' >>dest/etc/linekeeper/tailer.conf
    cp dest/etc/linekeeper/tailer.conf mine
    house install
    cmp mine dest/etc/linekeeper/tailer.conf
    [ -e dest/etc/linekeeper/tailer.conf.new ]
    [ ! -e dest/etc/linekeeper/writer.conf.new ]
}

@test "uninstall leaves nothing but the configurations" {
    house install
    house uninstall
    run find dest -type f ! -path 'dest/etc/linekeeper/*'
    assert_equal "" "$output"
}

@test "other places are honoured: PREFIX=/usr" {
    mkdir source # a copy, so that this build keeps its places
    tar -C "$SOURCE" --exclude=./.git --exclude='./build*' -c . | tar -C source -x
    make -s -C source BUILD=build CFLAGS=-O0 HARDENING= PREFIX=/usr DESTDIR="$PWD/dest" install
    [ -x dest/usr/sbin/linekeeper-writer ]
    contains dest/usr/lib/systemd/system/linekeeper-writer.service 'ExecStart=/usr/sbin/linekeeper-writer'
    contains dest/etc/linekeeper/writer.conf /usr/share/linekeeper/Full_data.log
}

@test "the README's first two sh blocks are one line each" {
    run awk '/^```sh$/ { inside = 1; blocks++; next } /^```/ { inside = 0 } inside && blocks <= 2' "$SOURCE/README.md"
    assert_equal 2 "${#lines[@]}"
    [[ ${lines[0]} == *"make demo"* && ${lines[1]} == *"make check"* ]]
}
