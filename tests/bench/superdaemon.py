"""Resident, or started when somebody asks: what each costs, and how soon it answers."""

import os
import platform
import shutil
import socket
import statistics
import time

import picture
from measure import percentile, rss_mb, start, stop, table, wait_for
from readers import TAILER, write

PATIENCE = 20  # seconds
USER = "root" if os.getuid() == 0 else os.environ["USER"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serving(room, log, port, _pull):
    conf = write(
        f"{room}/serve.conf",
        f"""pidfile = "{room}/serve.pid"
state = "{room}/serve"
handler "live" {{ type = serve  listen = "127.0.0.1:{port}" }}
tail "t" {{ path = "{log}"  watch = inotify  handler = "live" }}
""",
    )
    return [TAILER, "-n", "-f", conf]


def by_systemd(_room, _log, port, pull):
    return ["systemd-socket-activate", "-a", "--inetd", "-l", f"127.0.0.1:{port}", *pull]


def by_xinetd(room, _log, port, pull):
    conf = write(
        f"{room}/xinetd.conf",
        f"""defaults
{{
    cps = 100000 1
    instances = UNLIMITED
}}
service pull
{{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    bind = 127.0.0.1
    port = {port}
    wait = no
    user = {USER}
    server = {pull[0]}
    server_args = {" ".join(pull[1:])}
}}
""",
    )
    return ["xinetd", "-dontfork", "-pidfile", f"{room}/xinetd.pid", "-f", conf]


def by_inetd(room, _log, port, pull):
    # In the foreground, which this inetd does only with -d.
    line = f"127.0.0.1:{port} stream tcp nowait.1000000 {USER} {pull[0]} linekeeper-tailer"
    return ["inetd", "-d", write(f"{room}/inetd.conf", f"{line} {' '.join(pull[1:])}\n")]


WAYS = [
    ("resident (serve)", TAILER, serving),
    ("systemd-socket-activate", "systemd-socket-activate", by_systemd),
    ("xinetd", "xinetd", by_xinetd),
    ("openbsd-inetd", "inetd", by_inetd),
]


def conditions():
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} processors, Linux {platform.release()}, load {load:.1f}"


def is_listening(port):
    with open("/proc/net/tcp") as sockets:
        return any(f":{port:04X} 00000000:0000 0A" in line for line in sockets)


def append(log, line):
    with open(log, "ab", buffering=0) as file:
        file.write(line)


def ask(port, log, number, resident):
    """A line comes to a client: the milliseconds from its connect to the line. What is resident gives
    those that are new since; the others all since the last client, and then the end."""
    line = b"%d\n" % number
    if not resident:
        append(log, line)
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        if resident:
            append(log, line)
        if client.recv(4096) != line:
            raise RuntimeError(f"line {number} did not come")
        took = (time.perf_counter() - begin) * 1000
        while not resident and client.recv(4096):
            pass
    return took


def measure(way, options):
    """Megabytes while nobody asks, milliseconds of each first line, requests per second."""
    room, port = f"{options.room}/ask", free_port()
    shutil.rmtree(room, ignore_errors=True)
    os.mkdir(room)
    log = write(f"{room}/log", "")
    conf = write(
        f"{room}/pull.conf",
        f'state = "{room}/pull"\nhandler "none" {{ type = print }}\n'
        f'tail "t" {{ path = "{log}"  handler = "none" }}\n',
    )
    process = start(way(room, log, port, [TAILER, "-i", "-f", conf, "t"]))
    try:
        wait_for(lambda: is_listening(port), PATIENCE, "the socket")
        for number in range(5):
            ask(port, log, number, way is serving)
        time.sleep(0.5)
        memory = rss_mb(process.pid)
        begin = time.perf_counter()
        times = [ask(port, log, 5 + i, way is serving) for i in range(options.samples)]
        return memory, times, options.samples / (time.perf_counter() - begin)
    finally:
        stop(process)


def run(options):
    rows, bars = [], []
    for name, needs, way in WAYS:
        if shutil.which(needs) is None:
            rows.append([f"{name}: {needs} is not installed, left out"])
            continue
        memory, times, rate = measure(way, options)
        p50, p99 = statistics.median(times), percentile(times, 99)
        rows.append([name, f"{memory:.1f}", f"{p50:.2f}", f"{p99:.2f}", f"{rate:.0f}"])
        bars.append((name, [memory, p50, p99, rate]))
    heads = ["resident MB, idle", "first line ms, p50", "p99", "requests/s"]
    table(
        f"Resident or on demand: {options.samples} clients, one after the other; memory of all"
        " processes, shared pages in each",
        [""] + heads,
        rows,
    )
    if options.picture:
        titles = heads[:2] + ["first line ms, p99"] + heads[3:]
        caption = f"{options.samples} clients, one after the other; {conditions()}"
        write(options.picture, picture.draw(titles, bars, caption))
