"""What processes cost, and tables."""

import os
import select
import statistics
import subprocess
import threading
import time


def tree(pid):
    """The process and all below it."""
    pids = [pid]
    for known in pids:
        try:
            with open(f"/proc/{known}/task/{known}/children") as children:
                pids += [int(child) for child in children.read().split()]
        except OSError:
            pass  # it has ended
    return pids


def threads(pid):
    try:
        return [f"/proc/{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def status(path, key):
    """A number of proc(5)'s status file; 0 if the process has ended."""
    try:
        with open(f"{path}/status") as lines:
            for line in lines:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def cpu_ms(pid):
    """Processor time of the tree so far."""
    total = 0
    for one in tree(pid):
        for thread in threads(one):
            try:
                with open(f"{thread}/schedstat") as schedstat:
                    total += int(schedstat.read().split()[0])
            except OSError:
                pass
    return total / 1e6


def switches(pid):
    """Voluntary context switches of the tree so far: how often it was woken."""
    return sum(
        status(thread, "voluntary_ctxt_switches") for one in tree(pid) for thread in threads(one)
    )


def rss_mb(pid, key="VmRSS"):
    """Memory of the tree; shared pages count in each process."""
    return sum(status(f"/proc/{one}", key) for one in tree(pid)) / 1024


class Peak(threading.Thread):
    """Notes the largest memory of a process while it lives."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.mb = 0
        self.start()

    def run(self):
        while now := rss_mb(self.pid, "VmHWM"):
            self.mb = max(self.mb, now)
            time.sleep(0.005)


def start(argv, **popen):
    popen.setdefault("stdin", subprocess.DEVNULL)
    popen.setdefault("stderr", subprocess.DEVNULL)
    return subprocess.Popen(argv, **popen)


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_exit(process, seconds):
    """Its status, at once: Popen.wait() with a limit looks only each 50 ms."""
    ended = os.pidfd_open(process.pid)
    try:
        if not select.select([ended], [], [], seconds)[0]:
            raise TimeoutError(f"waited {seconds:g} s in vain for the end of {process.args[0]}")
    finally:
        os.close(ended)
    return process.wait()


def wait_for(condition, seconds, what):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.0005)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def size(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def spread(values, form="{:.1f}"):
    """Median, with minimum and maximum."""
    if len(values) == 1:
        return form.format(values[0])
    low, high = form.format(min(values)), form.format(max(values))
    return f"{form.format(statistics.median(values))} ({low}-{high})"


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(title, heads, rows):
    """Rows of strings; a row of one is a remark."""
    whole = [row for row in rows if len(row) > 1]
    widths = [max(len(row[i]) for row in [heads] + whole) for i in range(len(heads))]
    print(f"\n{title}\n")
    for row in [heads] + rows:
        if len(row) == 1:
            print(f"  {row[0]}")
            continue
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "   ".join([row[0].ljust(widths[0])] + cells))
