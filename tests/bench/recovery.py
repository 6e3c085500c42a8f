"""From a start after kill -9 to the first line delivered, with a backlog."""

import os
import shutil
import time

import readers
from catchup import make_log
from measure import size, spread, start, stop, table, wait_for

LIMIT = 300  # seconds
READ = {"10 MB": 10**7, "1 GB": 10**9}  # of the log, before the kill
LINE = 120


def kill(process):
    """Its worker goes with it."""
    process.kill()
    process.wait()


def first_growth(out):
    """Waits until what is in doubt has been cut off, and something is behind what stays."""
    lowest = size(out)

    def grown():
        nonlocal lowest
        now = size(out)
        lowest, before = min(lowest, now), lowest
        return now > before

    wait_for(grown, LIMIT, "the first line")


def recovery(options, read, backlog, in_the_middle):
    """Milliseconds. Killed when it has read so much, or in the middle of the backlog."""
    log, out = f"{options.room}/log", f"{options.room}/out"
    room = f"{options.room}/reader"
    os.makedirs(room)
    argv = readers.tailer_to_file("-n")(room, [log], out)
    make_log(log, read // LINE)
    process = start(argv)
    wait_for(lambda: size(out) == size(log), LIMIT, "all to be read")
    time.sleep(2)  # so that the checkpoint says so
    if not in_the_middle:
        kill(process)
    with open(log, "ab") as file:
        file.write((b"%0119d\n" % 7) * (backlog // LINE))
    if in_the_middle:
        wait_for(lambda: size(out) > read + backlog // 10, LIMIT, "some of the backlog")
        kill(process)
    begin = time.perf_counter()
    process = start(argv)
    try:
        first_growth(out)
        return (time.perf_counter() - begin) * 1e3
    finally:
        stop(process)
        shutil.rmtree(room)
        for path in log, out:
            os.unlink(path)


def run(options):
    backlog = 10**9
    rows = []
    for name, read in READ.items():
        for when in (False, True):
            found = [recovery(options, read, backlog, when) for _ in range(options.runs)]
            rows.append([f"{name} read, killed {'within' if when else 'before'} the backlog",
                         spread(found)])
    table(f"Recovery after kill -9, backlog of 1 GB, {options.runs} runs", ["", "ms"], rows)
