#!/usr/bin/python3
"""A crash, and errors, at every system call of a replay that rotates its target.

The replay is run once for each call: there the program is killed, or the call fails, once. After a
clean run the target and its old generations together must be the source: no line torn, none missing,
none twice. Without options: every so-manieth fault only, as a test that prints TAP.
"""

import argparse
import bz2
import glob
import gzip
import lzma
import os
import shutil
import subprocess
import tempfile

import faults
import tap
from tailer import BUILD

PROGRAM = os.path.join(BUILD, "linekeeper-writer")

WAYS = {
    "renaming": "",
    "copying": 'by = "copytruncate"',
    "compressing": 'compress = "gz"',
    "copying and compressing": 'by = "copytruncate" compress = "bz2"',
}

ERRORS = {
    "EIO": "openat read pread64 write fsync fdatasync rename renameat unlink unlinkat ftruncate fchmod "
           "newfstatat fstat",
    "ENOSPC": "openat write fsync fdatasync rename renameat ftruncate fallocate",
    "EINTR": "openat read pread64 write fsync fdatasync flock close ftruncate",
    "EMFILE": "openat",
    "ENOMEM": "openat mmap newfstatat rename renameat",
}

CONF = """state = "{0}/state"
replay "r" {{
    source = "{0}/source" target = "{0}/logs/target" interval = 0 at_end = "exit"
    rotate {{ size = 300 keep = 1000 {1} }}
}}
"""

SOURCE = b"".join(b"%04d %s\n" % (n, b"x" * (n * 37 % 120)) for n in range(40)) + b"the last, unfinished"
READERS = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


class Replay:
    def __init__(self, way):
        self.directory = tempfile.mkdtemp(prefix="torture.")
        self.conf = os.path.join(self.directory, "writer.conf")
        os.mkdir(os.path.join(self.directory, "logs"))
        with open(os.path.join(self.directory, "source"), "wb") as file:
            file.write(SOURCE)
        with open(self.conf, "w") as file:
            file.write(CONF.format(self.directory, WAYS[way]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def run(self, *wrapper):
        return subprocess.run([*wrapper, PROGRAM, "-d", "-f", self.conf], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False)

    def written(self):
        """All generations, the oldest first."""
        found = {}
        for path in glob.glob(os.path.join(self.directory, "logs", "target*")):
            name, ending = os.path.splitext(path)
            if ending == ".tmp":
                continue
            reader = READERS.get(ending, open)
            number = (name if ending in READERS else path).rpartition(".")[2]
            with reader(path, "rb") as file:
                found[int(number) if number.isdigit() else 0] = file.read()
        return b"".join(found[number] for number in sorted(found, reverse=True))

    def check(self):
        written = self.written()
        if written != SOURCE + b"\n":
            raise AssertionError(f"{len(written)} bytes instead of {len(SOURCE) + 1}")


def attempt(way, fault):
    with Replay(way) as replay:
        failed = replay.run(*fault.wrapper())
        if "signal" not in fault.what and failed.returncode != 0 and not failed.stderr.strip():
            raise AssertionError(f"exit status {failed.returncode} without a word")
        last = replay.run()
        if last.returncode != 0:
            raise AssertionError(last.stderr.decode())
        replay.check()


def calls(way):
    with Replay(way) as replay:
        trace = os.path.join(replay.directory, "trace")
        replay.run("strace", "-f", "-qq", "-o", trace)
        replay.check()
        return faults.calls_in(trace)


def all_faults(way, only):
    pairs = calls(way)
    crashes = [faults.Fault(0, call, number, "signal=KILL") for call, number in pairs]
    errors = [faults.Fault(0, call, number, f"error={error}") for error, failing in ERRORS.items()
              for call, number in pairs if call in failing.split()]
    return {"crashes": crashes, "errors": errors}.get(only, crashes + errors)


def try_way(way, options):
    failures, chosen = [], all_faults(way, options.only)[options.first::options.every]
    for fault in chosen:
        try:
            attempt(way, fault)
        except (AssertionError, OSError, EOFError, subprocess.TimeoutExpired) as error:
            failures.append(f"{fault}: {error}")
    if failures:
        raise AssertionError(f"{len(failures)} of {len(chosen)} failed\n" + "\n".join(failures))
    return f"{len(chosen)} tried"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=60, help="1: the whole")
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--way", choices=WAYS, help="this one only")
    parser.add_argument("--only", choices=["crashes", "errors"])
    options = parser.parse_args()
    reason = faults.reason_to_skip()
    if reason:
        print(f"1..1\nok 1 # SKIP {reason}")
        return
    tap.run([(f"a fault at {'every' if options.every == 1 else f'one of {options.every}'} system call of "
              f"a replay that rotates by {way}", lambda way=way: try_way(way, options))
             for way in ([options.way] if options.way else WAYS)])


if __name__ == "__main__":
    main()
