"""100,000 lines a second, one write(2) each: what does it cost to keep up?"""

import filecmp
import os
import time

import readers
from measure import Peak, cpu_ms, size, stop, table, wait_for
from readers import Reader

RATE = 100000
BURST = 100  # lines each millisecond


def write_lines(path, seconds):
    log = os.open(path, os.O_WRONLY | os.O_APPEND)
    begin = time.monotonic()
    for burst in range(int(RATE * seconds / BURST)):
        for i in range(burst * BURST, (burst + 1) * BURST):
            os.write(log, b"%09d and so on, as log lines are, up to about a hundred bytes or so\n" % i)
        time.sleep(max(0, begin + (burst + 1) * BURST / RATE - time.monotonic()))
    os.close(log)


def measure(reader, options):
    """Percent of a processor, peak MB, and the lines a second that were written."""
    log, out = f"{options.room}/log", f"{options.room}/out"
    with open(log, "w") as file:
        file.write("the first line\n")
    process = reader.start(options.room, [log], out)
    peak = Peak(process.pid)
    try:
        wait_for(lambda: size(out) == size(log), 30, f"{reader.name} to read what is there")
        cpu, begin = cpu_ms(process.pid), time.monotonic()
        writer = os.fork()
        if writer == 0:
            write_lines(log, options.seconds)
            os._exit(0)
        os.waitpid(writer, 0)
        written = time.monotonic() - begin
        wait_for(lambda: size(out) >= size(log), 120, f"{reader.name} to read it all")
        cpu = cpu_ms(process.pid) - cpu
        if not filecmp.cmp(log, out, shallow=False):
            raise RuntimeError("what came out is not what went in")
        lines = RATE * options.seconds
        return cpu / written / 10, peak.mb, lines / written
    finally:
        stop(process)
        os.unlink(log)
        os.unlink(out)


def run(options):
    own = readers.TAILER
    rows = []
    for reader in [
        Reader(
            "linekeeper-tailer, inotify", own, readers.tailer_to_file("-n", watch="inotify"), True
        ),
        Reader("linekeeper-tailer, poll 1 s", own, readers.tailer_to_file("-n"), True),
        Reader("tail -F, inotify", "tail", readers.tail("-F")),
        Reader("tail -F, poll 1 s", "tail", readers.tail("-F", "-s", "1", "---disable-inotify")),
        Reader("Python readline loop, 1 s", "python3", readers.python_loop(1)),
        Reader("rsyslog imfile, inotify", "rsyslogd", readers.rsyslog("inotify"), True),
    ]:
        if reader.missing():
            rows.append([f"{reader.name}: {reader.needs} is not installed, left out"])
            continue
        try:
            cpu, peak, rate = measure(reader, options)
        except (RuntimeError, TimeoutError) as error:
            rows.append([f"{reader.name}: {error}"])
            continue
        rows.append([reader.name, f"{cpu:.1f}", f"{peak:.1f}", f"{rate:.0f}"])
    table(
        f"100,000 lines a second for {options.seconds:g} s, one write each; all came, in order",
        ["", "% of a processor", "peak MB", "lines/s written"],
        rows,
    )
