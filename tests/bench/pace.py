"""The writer: how evenly it replays a log, and how fast."""

import os
import shutil
import subprocess
import sys
import time

import catchup
from measure import Peak, percentile, size, spread, start, table, write
from readers import Reader

WRITER = os.path.join(os.environ["BUILD"], "linekeeper-writer")
ROUNDS = 5  # of a million lines

PYTHON = """
import sys, time
for line in open(sys.argv[1]):
    sys.stdout.write(line)
    sys.stdout.flush()
    time.sleep(float(sys.argv[2]))
"""

SHELL = 'while read -r line; do printf "%s\\n" "$line"; sleep "$2"; done <"$1"'

OURS = ("linekeeper-writer", WRITER, lambda log, s: [WRITER, "--interval", f"{s}", log, "-"])
LOOP = ("Python loop with sleep", "python3", lambda log, s: [sys.executable, "-c", PYTHON, log, f"{s}"])
SHELL_LOOP = ("shell loop with sleep", "sh", lambda log, s: ["sh", "-c", SHELL, "sh", log, f"{s}"])
PV = ("pv -l -L", "pv", lambda log, s: ["pv", "-q", "-l", "-L", f"{1 / s:.0f}", log])


def arrivals(argv):
    """When each line came, in ms after the first."""
    times = []
    with start(argv, stdout=subprocess.PIPE) as process:
        while got := os.read(process.stdout.fileno(), 65536):
            times += [time.monotonic() * 1000] * got.count(b"\n")
    return [at - times[0] for at in times]


def regularity(name, argv, lines, every_ms):
    """The drift from the first line to the last, and how late lines are: p50 and p99."""
    times = arrivals(argv)
    if len(times) != lines:
        raise RuntimeError(f"{name}: {len(times)} lines instead of {lines}")
    behind = [at - i * every_ms for i, at in enumerate(times)]
    # The earliest line shows the schedule: the first may itself be late.
    late = [at - min(behind) for at in behind]
    return times[-1] - (lines - 1) * every_ms, percentile(late, 50), percentile(late, 99)


def even(options, peers, lines, every_ms, runs):
    log = write(f"{options.room}/few.log", "".join(f"line {i}\n" for i in range(lines)))
    rows = []
    for name, needs, command in peers:
        if shutil.which(needs) is None:
            rows.append([f"{name}: {needs} is not installed, left out"])
            continue
        found = [regularity(name, command(log, every_ms / 1000), lines, every_ms) for _ in range(runs)]
        rows.append([name] + [spread(values, "{:.3f}") for values in zip(*found)])
    table(
        f"Pace: {lines} lines, one each {every_ms} ms, {runs} runs, ms",
        ["", "drift, first to last", "lateness p50", "p99"],
        rows,
    )


def a_million_a_second(options):
    """Lines of 100 bytes, by the growth of the target between a fifth of the time and the end."""
    log = write(f"{options.room}/million.log", f"{'a line of a hundred bytes, ' * 4:.99}\n" * 1000000)
    rates, peaks = [], []
    for _ in range(options.runs):
        target, state = f"{options.room}/target", f"{options.room}/state"
        conf = write(
            f"{options.room}/writer.conf",
            f"""state = "{state}"
replay "r" {{ source = "{log}" target = "{target}" rate = 1000000 loop = {ROUNDS} at_end = "exit" }}
""",
        )
        process = start([WRITER, "-d", "-f", conf])
        peak = Peak(process.pid)
        seen = []
        while process.poll() is None:
            seen.append((time.monotonic(), size(target)))
            time.sleep(0.001)
        whole = ROUNDS * size(log)
        if size(target) != whole:
            raise RuntimeError(f"{size(target)} bytes written instead of {whole}")
        begin = next(at for at in seen if at[1] > whole / 5)
        end = next(at for at in seen if at[1] > whole * 0.99)
        rates.append((end[1] - begin[1]) / 100 / (end[0] - begin[0]))
        peaks.append(peak.mb)
        os.unlink(target)
        shutil.rmtree(state)
    table(
        f"rate = 1000000, lines of 100 bytes, for {ROUNDS} s, {options.runs} runs",
        ["", "lines/s", "peak MB"],
        [["linekeeper-writer", spread(rates, "{:.0f}"), f"{max(peaks):.1f}"]],
    )
    os.unlink(log)


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
    even(options, [OURS, LOOP, SHELL_LOOP, PV], 200, 50, options.runs)
    even(options, [OURS, LOOP, PV], int(options.minute * 1000), 1, 1)
    a_million_a_second(options)
    full_speed(options)
