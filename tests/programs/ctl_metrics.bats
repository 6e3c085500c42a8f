# Metrics on demand, as Prometheus itself meets them.

load helpers

setup() {
    enter_room
    cat >t.conf <<EOF
state = "$PWD/kept"
pidfile = "$PWD/run/tailer.pid"
handler "out" { type = "file" path = "$PWD/got" }
tail "app" { path = {"$PWD/log*"} interval = 20ms checkpoint_interval = 50ms handler = "out" }
EOF
    numbered 1 100 >log
    cp log $'log "x"\\\xff'
}

metrics() { "$CTL" --stats run/tailer.stats metrics "$@"; }
has() { metrics | grep -qF -- "$1"; }

tail_daemon() {
    start tailer "$TAILER" -n -f t.conf
    wait_for 10 has 'linekeeper_tail_lines_total{section="app"} 200'
    wait_for 10 has "linekeeper_tail_file_offset_bytes{section=\"app\",path=\"$PWD/log\"} 1400"
}

# request TEXT [OPTION...]: the answer to it.
request() {
    local text=$1

    shift
    # shellcheck disable=SC2059 # it has \r\n in it
    printf "$text" | metrics --http "$@"
}

status_line() { request "$1" 2>/dev/null | head -n 1 | tr -d '\r'; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# on_demand PORT: each connection starts linekeeperctl.
on_demand() {
    start socket systemd-socket-activate -a --inetd -l "127.0.0.1:$1" "$CTL" --stats run/tailer.stats metrics --http
    wait_for 10 listens "$1"
}

listens() { grep -qi "^ *[0-9]*: 0100007F:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }

@test "promtool finds nothing to complain about" {
    require promtool
    tail_daemon
    metrics >metrics
    run promtool check metrics <metrics
    assert_equal "" "$output"
    assert_equal 0 "$status"
}

@test "promtool is content with the writer's metrics, too" {
    require promtool
    cat >w.conf <<EOF
state = "$PWD/kept"
pidfile = "$PWD/run/writer.pid"
replay "r" { source = "$PWD/log" target = "$PWD/target" interval = 10ms }
job "j" { command = {"/bin/echo", "hi"} target = "$PWD/joblog" interval = 50ms }
EOF
    start writer "$WRITER" -n -f w.conf
    wait_for 10 has_lines joblog 3
    "$CTL" -c w.conf metrics >metrics
    contains metrics '^linekeeper_section_running{kind="job",section="j"} 1'
    run promtool check metrics <metrics
    assert_equal "" "$output"
    assert_equal 0 "$status"
}

@test "Prometheus scrapes them, each scrape a process of its own" {
    require prometheus systemd-socket-activate curl python3
    tail_daemon
    port=$(free_port)
    on_demand "$port"
    web=$(free_port)
    cat >prometheus.yml <<EOF
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: linekeeper
    static_configs: [ { targets: ["127.0.0.1:$port"] } ]
EOF
    start prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
        --web.listen-address="127.0.0.1:$web"
    ask() { curl -sfG "http://127.0.0.1:$web/api/v1/query" --data-urlencode "query=$1"; }
    scraped() { ask 'linekeeper_tail_lines_total{section="app"}' | grep -q '"200"'; }
    wait_for 60 scraped
    ask 'up{job="linekeeper"}' >up
    contains up ',"1"\]'
    ask 'linekeeper_tail_file_offset_bytes' >offsets
    contains offsets 'log \\"x\\"\\\\\\\\xff' # a backslash for JSON, one for itself
}

@test "the sample for xinetd answers a scrape" {
    require xinetd curl python3
    tail_daemon
    port=$(free_port)
    sed -e "s|server  *= .*|server = $CTL|" -e "s|= metrics .*|= metrics --http --stats $PWD/run/tailer.stats|" \
        -e "s|user .*|user = $(id -un)|" -e "s|port .*|port = $port|" \
        "$BUILD/etc/xinetd.d/linekeeper-metrics" >xinetd.conf
    start xinetd xinetd -dontfork -pidfile "$PWD/xinetd.lock" -f "$PWD/xinetd.conf"
    wait_for 10 listens "$port"
    curl -sf "http://127.0.0.1:$port/metrics" >scraped
    contains scraped '^linekeeper_tail_lines_total{section="app"} 200'
}

@test "the sample for inetd answers a scrape" {
    require inetd curl python3
    tail_daemon
    port=$(free_port)
    sed -n -e "s|linekeeper [^ ]*/linekeeperctl|$(id -un) $CTL|" -e "s|--stats .*|--stats $PWD/run/tailer.stats|" \
        -e "s|:9917 stream|:$port stream|p" "$BUILD/etc/inetd.conf" >inetd.conf
    start inetd inetd -d "$PWD/inetd.conf"
    wait_for 10 listens "$port"
    curl -sf "http://127.0.0.1:$port/metrics" >scraped
    contains scraped '^linekeeper_tail_lines_total{section="app"} 200'
}

@test "a daemon that does not run is not up, and that is all" {
    assert_equal 'linekeeper_up{daemon="tailer"} 0' "$(metrics | grep -v '^#')"
    tail_daemon
    stop tailer KILL
    assert_equal 'linekeeper_up{daemon="tailer"} 0' "$(metrics | grep -v '^#')"
}

@test "a file that is none: an error and no number" {
    head -c 100000 /dev/urandom >run/tailer.stats
    run metrics
    assert_equal 1 "$status"
    assert_equal "linekeeperctl: run/tailer.stats: not a whole .stats file of this version" "$output"
    assert_equal "HTTP/1.1 500 Internal Server Error" "$(status_line 'GET /metrics HTTP/1.0\r\n\r\n')"
}

@test "an answer has a length that is true; HEAD has no body" {
    tail_daemon
    request 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' >answer
    sed '1,/^\r$/d' answer >body
    assert_equal "$(wc -c <body)" "$(sed -n 's/^Content-Length: \([0-9]*\)\r$/\1/p' answer)"
    contains answer '^Connection: close'
    contains body '^linekeeper_up{daemon="tailer"} 1'
    request 'HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n' >answer
    assert_equal 0 "$(sed '1,/^\r$/d' answer | wc -c)"
    contains answer '^HTTP/1.1 200 OK'
}

@test "other requests are refused, each with its status" {
    assert_equal "HTTP/1.1 404 Not Found" "$(status_line 'GET / HTTP/1.0\r\n\r\n')"
    assert_equal "HTTP/1.1 405 Method Not Allowed" "$(status_line 'POST /metrics HTTP/1.0\r\n\r\nx')"
    assert_equal "HTTP/1.1 400 Bad Request" "$(status_line 'nonsense\r\n\r\n')"
    assert_equal "HTTP/1.1 400 Bad Request" "$(status_line 'GET /metrics HTTP/1.0\r\n')"
    assert_equal "HTTP/1.1 400 Bad Request" "$(status_line 'GET /metrics HTTP/1.0\r\n\0\r\n\r\n')"
    contains <(request 'PUT /metrics HTTP/1.0\r\n\r\n') '^Allow: GET, HEAD'
    run request ''
    assert_equal 0 "$status"
    assert_equal "" "$output"
}

@test "a head of ten megabytes is refused, and the client gets to read why" {
    require systemd-socket-activate python3
    port=$(free_port)
    on_demand "$port"
    run python3 -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
try:
    s.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 10_000_000)
except OSError:
    pass
print(s.recv(1000).split(b"\r\n")[0].decode())' "$port"
    assert_equal "HTTP/1.1 431 Request Header Fields Too Large" "$output"
}

@test "a client that says nothing is not waited for" {
    require systemd-socket-activate python3
    port=$(free_port)
    on_demand "$port"
    run python3 -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
s.sendall(b"GET /met")
print(s.recv(1000).split(b"\r\n")[0].decode())' "$port"
    assert_equal "HTTP/1.1 408 Request Timeout" "$output"
}
