"""A large log that is there: how fast it is taken in, from memory to memory."""

import filecmp
import os
import statistics
import time

import readers
from measure import Peak, size, spread, stop, table, wait_for, wait_for_exit
from readers import Reader

LIMIT = 300  # seconds


def make_log(path, lines):
    """Lines of 120 bytes."""
    with open(path, "w") as log:
        for first in range(0, lines, 10000):
            log.writelines(
                f"{i:09d} {'the quick brown fox jumps over the lazy dog, again, ' * 3:.109}\n"
                for i in range(first, min(first + 10000, lines))
            )
    return path


def until_exit(reader, room, log, out):
    begin = time.perf_counter()
    process = reader.start(room, [log], out)
    peak = Peak(process.pid)
    if wait_for_exit(process, LIMIT) != 0:
        raise RuntimeError(f"{reader.name}: exit status {process.returncode}")
    return time.perf_counter() - begin, peak.mb


def until_all_there(reader, room, log, out):
    """For those that go on following."""
    begin = time.perf_counter()
    process = reader.start(room, [log], out)
    peak = Peak(process.pid)
    try:
        wait_for(lambda: size(out) >= size(log), LIMIT, f"{reader.name} to read it all")
        return time.perf_counter() - begin, peak.mb
    finally:
        stop(process)


def once(reader, how, options, log, same):
    """MB/s and MB."""
    out = f"{options.room}/out"
    if os.path.exists(out):
        os.unlink(out)
    seconds, peak = how(reader, options.room, log, out)
    if same and not filecmp.cmp(log, out, shallow=False):
        raise RuntimeError("what came out is not what went in")
    return size(log) / seconds / 1e6, peak


def compare(title, candidates, options, log, same):
    """The first is the measure of the others, run by run: they take turns, so that what else the
    machine does weighs on all alike."""
    found, remarks = {reader: [] for reader, _ in candidates}, []
    for reader, _ in candidates:
        if reader.missing():
            remarks.append([f"{reader.name}: {reader.needs} is not installed, left out"])
            del found[reader]
    for _ in range(options.runs):
        for reader, how in candidates:
            try:
                if reader in found:
                    found[reader].append(once(reader, how, options, log, same))
            except (RuntimeError, TimeoutError) as error:
                remarks.append([f"{reader.name}: {error}"])
                del found[reader]
    base = [speed for speed, _ in found[candidates[0][0]]]
    rows = []
    for reader, runs in found.items():
        speeds = [speed for speed, _ in runs]
        ratio = statistics.median(own / other for own, other in zip(speeds, base))
        peak = max(mb for _, mb in runs)
        rows.append([reader.name, spread(speeds, "{:.0f}"), f"{ratio:.2f}", f"{peak:.1f}"])
    table(title, ["", "MB/s", "ratio", "peak MB"], rows + remarks)


def run(options):
    log = make_log(f"{options.room}/large.log", options.lines)
    what = f"{options.lines} lines, {size(log) / 1e6:.0f} MB, {options.runs} runs"
    own = readers.TAILER
    compare(
        f"Catching up: {what}, to a file",
        [
            (Reader("cat", "cat", lambda _room, paths, _out: ["cat", *paths]), until_exit),
            (
                Reader("linekeeper-tailer --once", own, readers.tailer_to_file("--once"), True),
                until_exit,
            ),
            (
                Reader("linekeeper-tailer --once, print", own, readers.tailer_to_stdout("--once")),
                until_exit,
            ),
            (
                Reader("linekeeper-tailer, following", own, readers.tailer_to_file("-n"), True),
                until_all_there,
            ),
            (Reader("tail -n +1 -f", "tail", readers.tail("-f")), until_all_there),
            (Reader("Python readline loop", "python3", readers.python_loop(1)), until_all_there),
            (
                Reader("rsyslog imfile", "rsyslogd", readers.rsyslog("inotify"), True),
                until_all_there,
            ),
        ],
        options,
        log,
        True,
    )
    module = readers.tailer_to_module(f"{options.room}/null.so", "--once")
    compare(
        f"Lines told apart and dropped: {what}",
        [
            (Reader("wc -l", "wc", lambda _room, paths, _out: ["wc", "-l", *paths]), until_exit),
            (Reader("linekeeper-tailer --once, null module", own, module, True), until_exit),
        ],
        options,
        log,
        False,
    )
    os.unlink(log)
