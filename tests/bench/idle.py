"""Nothing happens: what does it cost to wait?"""

import os
import shutil
import time

import readers
from measure import cpu_ms, rss_mb, size, stop, switches, table, wait_for
from readers import Reader

SETTLE = 3  # seconds after the last line: closing what was opened, saving


def make_logs(directory, count):
    os.mkdir(directory)
    for i in range(count):
        with open(f"{directory}/{i:04d}.log", "w") as log:
            log.write(f"{i:04d}\n")


def measure(reader, options, count):
    logs, out = f"{options.room}/logs", f"{options.room}/out"
    make_logs(logs, count)
    process = reader.start(options.room, [f"{logs}/*.log"], out)
    try:
        wait_for(lambda: size(out) >= 5 * count, 60, f"{reader.name} to read what is there")
        time.sleep(SETTLE)
        cpu, woken = cpu_ms(process.pid), switches(process.pid)
        time.sleep(options.seconds)
        cpu, woken = cpu_ms(process.pid) - cpu, switches(process.pid) - woken
        return f"{cpu:.1f} / {woken} / {rss_mb(process.pid):.1f}"
    finally:
        stop(process)
        shutil.rmtree(logs)
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
        Reader("rsyslog imfile, inotify", "rsyslogd", readers.rsyslog("inotify"), True),
        Reader(
            "rsyslog imfile, poll 1 s",
            "rsyslogd",
            readers.rsyslog("polling", 'pollingInterval="1"'),
            True,
        ),
    ]:
        if reader.missing():
            rows.append([f"{reader.name}: {reader.needs} is not installed, left out"])
            continue
        try:
            rows.append([reader.name] + [measure(reader, options, count) for count in (1, 1000)])
        except TimeoutError as error:
            rows.append([f"{reader.name}: {error}"])
    table(
        f"Idle for {options.seconds:g} s: processor ms / voluntary switches / MB, supervisor and worker"
        " together",
        ["", "1 file", "1,000 files"],
        rows,
    )
