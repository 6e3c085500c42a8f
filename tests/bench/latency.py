"""From an append to the reader of a pipe, one line each 10 ms."""

import os
import select
import time

import readers
from measure import percentile, stop, table
from readers import Reader

EVERY = 0.010  # seconds
PATIENCE = 20


def append_lines(path, count):
    """Each line says when it was written."""
    log = os.open(path, os.O_WRONLY | os.O_APPEND)
    begin = time.monotonic()
    for i in range(count):
        time.sleep(max(0, begin + (i + 1) * EVERY - time.monotonic()))
        os.write(log, b"%d\n" % time.monotonic_ns())
    os.close(log)


def take_lines(pipe, count):
    """The milliseconds that each line took; fewer if no more come."""
    rest, arrived = b"", []
    while len(arrived) < count and select.select([pipe], [], [], PATIENCE)[0]:
        got = os.read(pipe, 65536)
        now = time.monotonic_ns()
        *lines, rest = (rest + got).split(b"\n")
        arrived += [(now - int(line)) / 1e6 for line in lines]
    return arrived


def write_in_a_process(path, count):
    """Apart from the reader, for precise times of both."""
    pid = os.fork()
    if pid == 0:
        append_lines(path, count)
        os._exit(0)
    return pid


def measure(reader, options):
    log, fifo = f"{options.room}/log", f"{options.room}/fifo"
    for path in log, fifo:
        if os.path.exists(path):
            os.unlink(path)
    with open(log, "wb") as file:
        file.write(b"%d\n" % time.monotonic_ns())  # shows that it follows
    os.mkfifo(fifo)
    pipe = os.open(fifo, os.O_RDWR)
    process = reader.start(options.room, [log], fifo)
    try:
        take_lines(pipe, 1)
        time.sleep(0.2)  # until its watch stands
        writer = write_in_a_process(log, options.samples)
        arrived = take_lines(pipe, options.samples)
        os.waitpid(writer, 0)
        return arrived
    finally:
        stop(process)
        os.close(pipe)


def run(options):
    own = readers.TAILER
    inotify = readers.tailer_to_stdout("-n", watch="inotify")
    rows = []
    for reader in [
        Reader("linekeeper-tailer, inotify", own, inotify),
        Reader("linekeeper-tailer, poll 1 s", own, readers.tailer_to_stdout("-n")),
        Reader(
            "linekeeper-tailer, poll 10 ms", own, readers.tailer_to_stdout("-n", interval="0.01")
        ),
        Reader("tail -F, inotify", "tail", readers.tail("-F")),
        Reader("tail -F, poll 1 s", "tail", readers.tail("-F", "-s", "1", "---disable-inotify")),
        Reader("rsyslog imfile, inotify", "rsyslogd", readers.rsyslog("inotify", pipe=True), True),
        Reader("Python readline loop, 1 s", "python3", readers.python_loop(1)),
    ]:
        if reader.missing():
            rows.append([f"{reader.name}: {reader.needs} is not installed, left out"])
            continue
        times = measure(reader, options)
        if len(times) < options.samples:
            rows.append([f"{reader.name}: only {len(times)} lines came"])
            continue
        rows.append(
            [reader.name] + [f"{percentile(times, p):.2f}" for p in (50, 99)] + [f"{max(times):.2f}"]
        )
    table(
        f"Latency: {options.samples} lines, one each 10 ms, ms from the append to the pipe's reader",
        ["", "p50", "p99", "max"],
        rows,
    )
