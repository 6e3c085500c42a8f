"""One fault at one system call of one run, for every call of every run of a recorded scenario."""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass

from drivers import Mismatch, Once
from splitting import Rules
from tailer import PROGRAM

CALLS = ("openat read pread64 write writev fsync fdatasync rename renameat renameat2 unlink unlinkat "
         "ftruncate fallocate flock stat fstat newfstatat statx fstatfs getdents64 mkdir chmod fchmod "
         "close fcntl lseek mmap munmap brk poll epoll_wait exit_group").split()

# Each look is a run; every one of them gets its faults.
SCENARIO = [
    "append lines 20; append partial 300; look",
    "append end 1; append lines 5; rotate; append lines 7; append partial 9; look",
    "append end 1; rotate; compress 0 .gz; append lines 5; look",
    "append lines 5; rotate; append lines 4; rotate; compress 1 .xz; compress 0 .zst; append lines 3; look",
    "append lines 5; copytruncate; append lines 4; look",
    "append lines 3; truncate; append lines 30; look",
    "append long 5000; copytruncate; compress 0 .bz2; rotate; append odd 99; look",
    "delete; append lines 2; look",
    "look",
]


@dataclass
class Fault:
    look: int
    call: str
    number: int  # of the call, counted from the start of the program
    what: str  # as strace's inject= has it

    def wrapper(self):
        return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={self.call}",
                "-e", f"inject={self.call}:{self.what}:when={self.number}"]

    def __str__(self):
        return f"{self.what} at {self.call} number {self.number} of look {self.look}"


class Scenario:
    def __init__(self, watch="poll"):
        self.directory = tempfile.mkdtemp(prefix="torture.")
        self.driver = Once(self.directory, 1, Rules(4096, "split"), "number", 9, "app.log",
                           small=False, watch=watch, alone=True)

    def close(self):
        self.driver.close()
        shutil.rmtree(self.directory)

    def run(self, fault=None, before_look=None):
        """All of it; the look of the fault is run with it first, and then again without."""
        for number, actions in enumerate(SCENARIO):
            for action in actions.split("; ")[:-1]:
                perform(self.driver, action)
            if before_look:
                before_look(number, self.driver)
            if fault and fault.look == number:
                self._run_with(fault)
            self.driver.look()

    def _run_with(self, fault):
        tailer = self.driver.tailer
        since = len(tailer.said())
        status = tailer.once(*fault.wrapper())
        said = tailer.said()[since:]
        if "signal" not in fault.what and status != 0 and not said.strip():
            raise Mismatch(f"exit status {status} without a word")


def perform(driver, text):
    """An action that is all words and numbers, of the driver or of its world."""
    name, *rest = text.split()
    target = driver if hasattr(driver, name) else driver.world
    getattr(target, name)(*(int(word) if word.isdigit() else word for word in rest))


def calls_of_each_look():
    """For each look (call, number) pairs: all calls after the program's own beginning."""
    found = []

    def trace(_number, driver):
        path = os.path.join(driver.tailer.directory, "trace")
        checkpoint = _save(driver)
        driver.tailer.once("strace", "-f", "-qq", "-o", path)
        found.append(calls_in(path))
        _restore(driver, checkpoint)

    scenario = Scenario()
    try:
        scenario.run(before_look=trace)
    finally:
        scenario.close()
    return found


def _save(driver):
    """The look that is traced must not count."""
    tailer = driver.tailer
    with open(os.path.join(tailer.state, "tail-t.checkpoint"), "rb") as file:
        return file.read(), os.path.getsize(tailer.output)


def _restore(driver, saved):
    checkpoint, size = saved
    os.truncate(driver.tailer.output, size)
    with open(os.path.join(driver.tailer.state, "tail-t.checkpoint"), "wb") as file:
        file.write(checkpoint)


def calls_in(path):
    """(call, number) pairs of a trace. What comes before close_range(2) is the dynamic loader's."""
    counts, pairs, begun = Counter(), [], False
    with open(path, errors="replace") as file:
        for line in file:
            match = re.match(r"(?:\d+ +)?(\w+)\(", line)
            if not match:
                continue
            counts[match[1]] += 1
            if begun and match[1] in CALLS:
                pairs.append((match[1], counts[match[1]]))
            begun |= match[1] == "close_range"
    return pairs


def try_all(faults, progress=None):
    """Runs the scenario once for each; the reports of those that failed."""
    failures = []
    for done, fault in enumerate(faults):
        scenario = Scenario()
        try:
            scenario.run(fault)
        except Exception as error:
            failures.append(f"{fault}: {error}")
        finally:
            scenario.close()
        if progress:
            progress(done + 1, failures)
    return failures


def reason_to_skip():
    with open(PROGRAM, "rb") as file:
        if b"__asan_init" in file.read():
            return "the address sanitizer makes system calls of its own"
    tracing = ["strace", "-qq", "-o", "/dev/null", "true"]
    if not shutil.which("strace") or subprocess.run(tracing, check=False).returncode != 0:
        return "strace is not installed, or may not trace"
    return None
