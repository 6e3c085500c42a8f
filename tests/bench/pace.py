"""The writer: how evenly it replays a log, and how fast."""

import os
import shutil
import subprocess
import sys
import time

import catchup
from measure import percentile, spread, start, table
from readers import Reader

WRITER = os.path.join(os.environ["BUILD"], "linekeeper-writer")
LINES = 200
EVERY_MS = 50

PYTHON = """
import sys, time
for line in open(sys.argv[1]):
    sys.stdout.write(line)
    sys.stdout.flush()
    time.sleep(0.05)
"""

SHELL = 'while read -r line; do printf "%s\\n" "$line"; sleep 0.05; done <"$1"'

PEERS = [
    ("linekeeper-writer", WRITER, lambda log: [WRITER, "--interval", f"{EVERY_MS}ms", log, "-"]),
    ("Python loop with sleep", "python3", lambda log: [sys.executable, "-c", PYTHON, log]),
    ("shell loop with sleep", "sh", lambda log: ["sh", "-c", SHELL, "sh", log]),
    ("pv -l -L 20", "pv", lambda log: ["pv", "-q", "-l", "-L", "20", log]),
]


def arrivals(argv):
    """When each line came, in ms after the first."""
    times = []
    with start(argv, stdout=subprocess.PIPE) as process:
        while got := os.read(process.stdout.fileno(), 65536):
            times += [time.monotonic() * 1000] * got.count(b"\n")
    return [at - times[0] for at in times]


def pace(options):
    log = f"{options.room}/few.log"
    with open(log, "w") as file:
        file.writelines(f"line {i}\n" for i in range(LINES))
    rows = []
    for name, needs, command in PEERS:
        if shutil.which(needs) is None:
            rows.append([f"{name}: {needs} is not installed, left out"])
            continue
        drifts, late = [], []
        for _ in range(options.runs):
            times = arrivals(command(log))
            if len(times) != LINES:
                raise RuntimeError(f"{name}: {len(times)} lines instead of {LINES}")
            behind = [at - i * EVERY_MS for i, at in enumerate(times)]
            drifts.append(times[-1] - (LINES - 1) * EVERY_MS)
            # The earliest line shows the schedule: the first may itself be late.
            late.append(percentile([at - min(behind) for at in behind], 50))
        rows.append([name, spread(drifts, "{:.2f}"), spread(late, "{:.3f}")])
    table(
        f"Pace: {LINES} lines, one each {EVERY_MS} ms, {options.runs} runs, ms",
        ["", "drift, first to last", "lateness p50"],
        rows,
    )


def full_speed(options):
    log = catchup.make_log(f"{options.room}/large.log", options.lines)
    as_writer = Reader(
        "linekeeper-writer --interval 0",
        WRITER,
        lambda _room, paths, out: [WRITER, "--interval", "0", *paths, out],
        True,
    )
    peers = [
        Reader("cat", "cat", lambda _room, paths, _out: ["cat", *paths]),
        as_writer,
        Reader("pv", "pv", lambda _room, paths, _out: ["pv", "-q", *paths]),
        Reader("pv -l", "pv", lambda _room, paths, _out: ["pv", "-q", "-l", *paths]),
    ]
    catchup.compare(
        f"As fast as it goes: {options.lines} lines, {options.runs} runs",
        [(peer, catchup.until_exit) for peer in peers],
        options,
        log,
        True,
    )
    os.unlink(log)


def run(options):
    pace(options)
    full_speed(options)
