#!/usr/bin/python3
"""Real logrotate(8), at work on a log while it is written and followed.

Counts what was lost and what came twice. copytruncate destroys by itself what is written between its
copy and its truncation: such lines are nowhere on the disk and counted apart. Without options: short
runs, as a test that prints TAP; --lines 275000 is the length of the published figures.
"""

import argparse
import bz2
import glob
import gzip
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import tap
from tailer import SOURCE, Tailer

WRITER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "write_lines.py")
PLACES = os.pathsep.join([os.environ["PATH"], "/usr/sbin", os.path.join(SOURCE, ".tools/usr/sbin")])
LOGROTATE = shutil.which("logrotate", path=PLACES)  # the last is from `make deps-check`
OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
CATCH_UP = 60  # seconds

CONF = """{log} {{
    rotate 1000
    missingok
    {options}
    {postrotate}
}}
"""
REOPEN = """postrotate
        kill -HUP {writer}
    endscript"""


@dataclass
class Case:
    options: str  # of logrotate
    watch: str
    lines: int
    rate: int = 50000  # lines per second
    every: float = 0.5  # seconds between rotations
    kills: int = 0

    def __str__(self):
        return (f"{self.options.replace(chr(10), ', ')}, {self.watch}" +
                (f", {self.kills} kill -9" if self.kills else ""))


class Run:
    def __init__(self, case):
        self.case = case
        self.directory = tempfile.mkdtemp(prefix="torture.")
        self.log = os.path.join(self.directory, "log", "app.log")
        os.makedirs(os.path.dirname(self.log), 0o755)
        self.tailer = Tailer(self.directory, [self.log], watch=case.watch, interval="50ms",
                             checkpoint_interval="100ms", grace="1")
        self.rotations = 0

    def close(self):
        if self.tailer.process:
            self.tailer.kill()
        shutil.rmtree(self.directory)

    def go(self):
        """The counts: (lost, twice, destroyed by logrotate, out of order)."""
        case = self.case
        writer = subprocess.Popen([sys.executable, WRITER, self.log, str(case.lines), str(case.rate)])
        self.tailer.start()
        try:
            self._write_conf(writer.pid)
            self._rotate_while(writer)
        finally:
            writer.kill()
            writer.wait()
        found = self._wait_for_lines()
        self.tailer.stop()
        return self._count(found)

    def _write_conf(self, writer):
        truncates = "copytruncate" in self.case.options
        with open(os.path.join(self.directory, "logrotate.conf"), "w") as file:
            file.write(CONF.format(log=self.log, options=self.case.options,
                                   postrotate="" if truncates else REOPEN.format(writer=writer)))

    def _rotate_while(self, writer):
        began, rotated, killed = time.monotonic(), 0, 0
        length = self.case.lines / self.case.rate
        while writer.poll() is None:
            passed = time.monotonic() - began
            if passed >= (rotated + 1) * self.case.every:
                rotated += 1
                self._rotate()
            if killed < self.case.kills and passed >= (killed + 0.5) * length / self.case.kills:
                killed += 1
                self.tailer.kill()
                self.tailer.start()
            time.sleep(0.005)

    def _rotate(self):
        command = [LOGROTATE, "-f", "-s", os.path.join(self.directory, "logrotate.state"),
                   os.path.join(self.directory, "logrotate.conf")]
        subprocess.run(command, check=True)
        self.rotations += 1

    def _wait_for_lines(self):
        """Until it has all, or nothing has come for a while."""
        quiet_since, size = time.monotonic(), -1
        end = quiet_since + CATCH_UP
        while time.monotonic() < min(end, quiet_since + 5):
            found = self.tailer.handed()
            if found.count(b"\n") >= self.case.lines:
                break
            if len(found) != size:
                quiet_since, size = time.monotonic(), len(found)
            time.sleep(0.1)
        return _numbers(self.tailer.handed())

    def _count(self, found):
        on_disk = set()
        for path in glob.glob(self.log + "*"):
            opener = OPENERS.get(os.path.splitext(path)[1], open)
            with opener(path, "rb") as file:
                on_disk.update(_numbers(file.read()))
        missing = set(range(self.case.lines)) - set(found)
        lost = len(missing & on_disk)
        disorder = sum(a > b for a, b in zip(found, found[1:]))
        return lost, len(found) - len(set(found)), len(missing) - lost, disorder


def _numbers(text):
    """Of whole lines; the writer writes nothing else."""
    return [int(line[:9]) for line in text.replace(b"\0", b"").split(b"\n") if len(line) == 41]


def attempt(case):
    run = Run(case)
    try:
        lost, twice, destroyed, disorder = run.go()
        text = (f"{case.lines} lines, {run.rotations} rotations: lost {lost}, twice {twice}, "
                f"destroyed by logrotate {destroyed}, out of order {disorder}")
        if lost or twice or run.rotations == 0 or (destroyed and "copytruncate" not in case.options):
            raise AssertionError(f"{text}\n{run.tailer.said()[-2000:]}")
        return text
    finally:
        run.close()


def cases(lines):
    dated = "create\ndateext\ndateformat -%Y%m%d-%H%M%S\ncompress"
    for watch in ("poll", "inotify"):
        yield Case("create", watch, lines)
        yield Case("copytruncate", watch, lines)
        yield Case("create", watch, lines * 525 // 275, kills=5)
        yield Case("create\ncompress", watch, lines, every=0.8)
        yield Case("create\ncompress\ndelaycompress", watch, lines, every=0.8)
        yield Case(dated, watch, max(lines, 150000), every=1.1)
        yield Case("copytruncate\ncompress", watch, lines, every=0.8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=50000, help="for each case")
    parser.add_argument("--only", help="cases with these words in their name")
    options = parser.parse_args()
    if not LOGROTATE:
        print("1..1\nok 1 # SKIP logrotate is not installed")
        return
    tap.run([(str(case), lambda case=case: attempt(case)) for case in cases(options.lines)
             if not options.only or options.only in str(case)])


if __name__ == "__main__":
    main()
