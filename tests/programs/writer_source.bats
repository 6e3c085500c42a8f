# Where a replay's lines come from: files plain and compressed, patterns, FIFOs, standard input.

bats_require_minimum_version 1.5.0
load helpers

# replay SOURCE SETTINGS
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$1\" target = \"$PWD/target\" $2 }" >w.conf
}

# interrupted_replay: killed ten times on its way, and then brought to its end.
interrupted_replay() {
    local i

    for i in {1..10}; do
        start writer "$WRITER" -d -f w.conf
        wait_for 5 has_lines target $((i * 100))
        send writer KILL
        ended writer
    done
    sed -i 's/interval = 1ms/interval = 0/' w.conf
    run -0 "$WRITER" -d -f w.conf
}

@test "compressed sources are read as what they hold" {
    require xz zstd bzip2 lz4
    numbered 1 200000 >plain # several steps of reading
    gzip -k plain && xz -0 -k plain && zstd -q plain && bzip2 -k plain && lz4 -q plain plain.lz4
    for kind in gz xz zst bz2 lz4; do
        run -0 "$WRITER" "plain.$kind" "$kind" --interval 0
        assert_lines_equal plain "$kind"
    done
}

@test "a compressed source resumes exactly after kill -9, and after another boot" {
    numbered 1 40000 >plain
    gzip -k plain
    replay "$PWD/plain.gz" 'interval = 1ms at_end = "exit"'
    interrupted_replay
    assert_lines_equal plain target
    rm -r target kept
    replay "$PWD/plain.gz" 'interval = 1ms at_end = "exit"'
    start writer "$WRITER" -d -f w.conf
    wait_for 5 has_lines target 1500
    send writer KILL
    ended writer
    rm kept/*.batch
    sed -i 's/interval = 1ms/interval = 0/' w.conf
    run -0 "$WRITER" -d -f w.conf
    assert_lines_equal plain target
}

@test "a damaged compressed source gives what comes before the damage, and an error" {
    numbered 1 100000 >plain
    gzip <plain | head -c 100000 >cut.gz
    run -1 "$WRITER" cut.gz target --interval 0
    [[ $output == *"cut.gz: is damaged"* ]]
    [ "$(wc -l <target)" -gt 1000 ]
    cmp -n "$(stat -c %s target)" plain target
    echo nonsense >no.gz
    run -1 "$WRITER" no.gz target --interval 0
    [[ $output == *"no.gz: is damaged, or no such compressed file"* ]]
}

@test "a pattern: all files in order of time, unterminated ends get a newline, exact through kills" {
    mkdir logs
    numbered 1 500 | gzip >logs/app.log.3.gz
    numbered 501 1000 >logs/app.log.2
    numbered 1001 1499 >logs/app.log.1
    printf 'line 00001500' >>logs/app.log.1
    numbered 1501 2000 >logs/app.log
    touch -d '4 hours ago' logs/app.log.3.gz
    touch -d '3 hours ago' logs/app.log.2
    touch -d '2 hours ago' logs/app.log.1
    mkdir logs/app.log.d
    numbered 1 2000 >expected
    replay "$PWD/logs/app.log*" 'interval = 1ms at_end = "exit"'
    interrupted_replay
    assert_lines_equal expected target
    run -0 "$WRITER" -d -f w.conf
    assert_lines_equal expected target
    run -1 "$WRITER" "$PWD/logs/none*" other --interval 0
    [[ $output == *"No such file"* ]]
}

@test "a pattern: a daemon goes on with files that match anew" {
    mkdir logs
    numbered 1 10 >logs/a
    replay "$PWD/logs/*" 'interval = 1ms'
    start writer "$WRITER" -n -f w.conf
    wait_for 5 has_lines target 10
    numbered 11 20 >new
    mv new logs/b
    wait_for 5 has_lines target 20
    numbered 21 30 >>logs/b
    wait_for 5 has_lines target 30
    numbered 1 30 >expected
    assert_lines_equal expected target
    stop writer
}

@test "a target among the source's files is refused" {
    replay "$PWD/t*" ''
    run -6 "$WRITER" -t -f w.conf
    [[ $output == *":3: target = \"$PWD/target\": this is the source itself"* ]]
}

@test "standard input: a pipe as it comes, a file, and nothing" {
    numbered 1 20000 >source
    sleep 0.1 | cat source - | "$WRITER" - target --interval 0
    assert_lines_equal source target
    "$WRITER" - file --interval 0 <source
    assert_lines_equal source file
    "$WRITER" - - --interval 0 <source | cmp source -
    printf unfinished | "$WRITER" - end --interval 0
    assert_equal unfinished "$(cat end)"
    run -0 "$WRITER" - nothing --interval 0 </dev/null
    [ ! -s nothing ]
}

@test "a FIFO ends with its writers; a daemon waits for the next" {
    numbered 1 100 >source
    mkfifo pipe
    start writer "$WRITER" "$PWD/pipe" target --interval 0.001
    cat source >pipe
    ended writer
    assert_equal 0 "$status"
    assert_lines_equal source target
    rm target
    replay "$PWD/pipe" 'interval = 1ms'
    start writer "$WRITER" -n -f w.conf
    head -n 50 source >pipe
    wait_for 5 has_lines target 50
    tail -n 50 source >pipe
    wait_for 5 has_lines target 100
    assert_lines_equal source target
    stop writer
    assert_equal 0 "$status"
    replay "$PWD/pipe" 'at_end = "loop"'
    run -1 "$WRITER" -d -f w.conf
    [[ $output == *"a stream cannot be read again"* ]]
}

@test "what was read of a FIFO is written after a restart, though it was killed" {
    numbered 1 400 >source
    mkfifo pipe
    exec 9<>pipe # so that it has a writer all the time
    replay "$PWD/pipe" 'interval = 5ms'
    cat source >pipe
    for signal in TERM KILL TERM KILL; do
        start writer "$WRITER" -d -f w.conf
        before=$(cat target 2>/dev/null | wc -l)
        wait_for 5 has_lines target $((before + 20))
        stop writer $signal
    done
    start writer "$WRITER" -d -f w.conf
    wait_for 10 has_lines target 400
    assert_lines_equal source target
    stop writer
    exec 9>&-
}
