# The pace of a replay: rates, and what becomes of it after a stall.

bats_require_minimum_version 1.5.0
load helpers

# replay SETTINGS: one that ends with its source.
replay() {
    printf '%s\n' "state = \"$PWD/kept\"" "pidfile = \"$PWD/run/w.pid\"" \
        "replay \"r\" { source = \"$PWD/source\" target = \"$PWD/target\" at_end = \"exit\" $1 }" >w.conf
}

# took COMMAND...: runs it; the milliseconds are then in $took.
took() {
    local begin=${EPOCHREALTIME/[.,]/}

    "$@"
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
}

# stalled_replay SECONDS: started, and stopped for so long after its tenth line.
stalled_replay() {
    start writer "$WRITER" -d -f w.conf
    wait_for 5 has_lines target 10
    send writer STOP
    wait_for 5 contains "/proc/$(pid writer)/status" '^State:.T'
    sleep "$1" # the stall itself
    send writer CONT
    ended writer
    assert_equal 0 "$status"
    assert_lines_equal source target
}

@test "rate: so many lines a second, or bytes" {
    numbered 1 1001 >source # of 14 bytes
    replay 'rate = 2000'
    took "$WRITER" -d -f w.conf
    [ "$took" -ge 500 ] && [ "$took" -lt 5000 ]
    assert_lines_equal source target
    rm -r kept target
    replay 'rate = "28000/s"'
    took "$WRITER" -d -f w.conf
    [ "$took" -ge 500 ] && [ "$took" -lt 5000 ]
    assert_lines_equal source target
}

@test "ten million lines a second are asked for: as fast as it goes" {
    numbered 1 100000 >source
    replay 'interval = 0.1us'
    took "$WRITER" -d -f w.conf
    [ "$took" -lt 10000 ]
    assert_lines_equal source target
}

@test "after a stall: a burst makes up for it" {
    numbered 1 200 >source
    replay 'interval = 10ms'
    took stalled_replay 2.5
    [ "$took" -ge 2500 ] && [ "$took" -lt 4000 ] # without: 4400
}

@test "after a stall: a burst is bounded" {
    numbered 1 200 >source
    replay 'interval = 10ms burst = 200ms'
    took stalled_replay 1.2
    [ "$took" -ge 2900 ]
}

@test "after a stall: skip goes on from now" {
    numbered 1 200 >source
    replay 'interval = 10ms catch_up = "skip"'
    took stalled_replay 1.2
    [ "$took" -ge 3100 ]
}
