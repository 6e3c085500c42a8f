# shellcheck shell=bash disable=SC2034,SC2154 # what is set here is read by the tests, and the other way round
#
# For the tests of the tailer: `load tailer` after `load helpers`.

# conf ["KEY = VALUE"...]: t.conf, with a section "t" that follows `log` into `got`; $watch says how.
conf() {
    local setting
    local -A settings=([path]="\"$PWD/log\"" [handler]='"out"' [watch]="\"${watch:-poll}\""
        [interval]=20ms [grace]=300ms [checkpoint_interval]=50ms)

    for setting; do settings[${setting%%[ =]*}]=${setting#*=}; done
    settings[path]="{${settings[path]}}"
    {
        printf '%s = "%s"\n' state "$PWD/kept" pidfile "$PWD/run/t.pid"
        echo "handler \"out\" { type = \"file\" path = \"$PWD/got\" }"
        echo 'tail "t" {'
        for setting in "${!settings[@]}"; do echo "    $setting = ${settings[$setting]}"; done
        echo '}'
    } >t.conf
}

# follow [SETTING...]: a tailer in the foreground, from its beginning or from where it was.
follow() {
    conf "$@"
    start tailer "$TAILER" -n -f t.conf
}

# once [OPTION...]: all there is now, by the configuration there is.
once() { "$TAILER" -f t.conf --once "$@"; }

same() { cmp -s expected got; }

# delivered [SECONDS]: what is expected comes, and nothing else.
delivered() { wait_for "${1:-10}" same || assert_lines_equal expected got; }

# delivered_any_order: for lines of several files, in order per file.
delivered_any_order() {
    wait_for 10 has_lines got "$(wc -l <expected)"
    assert_lines_equal <(sort expected) <(sort got)
}

# finish: the tailer ends as it should, and has written nothing more.
finish() {
    stop tailer
    assert_equal 0 "$status"
    assert_lines_equal expected got
}

# worker NAME: the process of a section of the daemon `tailer`.
worker() { pgrep -P "$(pid tailer)" -f "tail $1\$"; }

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

# has_descriptors PID MOST: not more than so many; to be waited for, since a save needs one for a moment.
has_descriptors() { [ "$(descriptors "$1")" -le "$2" ]; }
watches() { cat "/proc/$1/fdinfo/"* 2>/dev/null | grep -c ^inotify || true; }
has_watches() { [ "$(watches "$1")" -le "$2" ]; }

# both SCENARIO: the function runs in a fresh room with watch = "poll", and again with "inotify".
# Not after || or in a condition: it would no longer end at its first failure.
both() {
    for watch in poll inotify; do
        echo "watch = $watch"
        "$1"
        stop_all
        rm -rf "${BATS_TEST_TMPDIR:?}"/*
        enter_room
    done
}
