#!/usr/bin/python3
"""A crash, and errors, at every system call of linekeeper-tailer --once.

The recorded scenario of faults.py is run once for each call: there the program is killed, or the call
fails, once. After a clean run every line must have come out exactly once and in order, with its bytes
accounted for. Without options: every so-manieth fault only, as a test that prints TAP.
"""

import argparse
import sys

import faults
import tap

ERRORS = {
    "EIO": "openat read pread64 write writev fsync fdatasync renameat unlinkat ftruncate newfstatat "
           "statx getdents64 mkdir close lseek fstatfs",
    "ENOSPC": "openat write writev fsync fdatasync renameat mkdir ftruncate",
    "EINTR": "openat read pread64 write writev fsync fdatasync flock close ftruncate fcntl",
    "EMFILE": "openat",
    # Not brk: when it fails once, malloc(3) of glibc 2.36 itself faults.
    "ENOMEM": "openat mmap newfstatat getdents64 fcntl renameat statx",
}


def crashes(calls):
    return [faults.Fault(look, call, number, "signal=KILL")
            for look, pairs in enumerate(calls) for call, number in pairs]


def errors(calls):
    return [faults.Fault(look, call, number, f"error={error}")
            for error, failing in ERRORS.items()
            for look, pairs in enumerate(calls)
            for call, number in pairs if call in failing.split()]


def attempt(chosen, verbose):
    def progress(done, failures):
        if verbose and done % 50 == 0:
            print(f"{done} of {len(chosen)}, {len(failures)} failed", file=sys.stderr, flush=True)

    failures = faults.try_all(chosen, progress)
    if failures:
        raise AssertionError(f"{len(failures)} of {len(chosen)} failed\n" + "\n".join(failures))
    return f"{len(chosen)} tried"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=80, help="1: the whole")
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--fault", metavar="'LOOK CALL NUMBER error=EIO'", help="this one only")
    parser.add_argument("--only", choices=["crashes", "errors"])
    options = parser.parse_args()
    reason = faults.reason_to_skip()
    if reason:
        print(f"1..1\nok 1 # SKIP {reason}")
        return
    if options.fault:
        look, call, number, what = options.fault.split()
        print(attempt([faults.Fault(int(look), call, int(number), what)], False))
        return
    calls = faults.calls_of_each_look()
    kinds = {"crashes": crashes(calls), "errors": errors(calls)}
    tap.run([(f"{name} at every system call" if options.every == 1 else
              f"{name} at one system call of {options.every}",
              lambda chosen=chosen: attempt(chosen[options.first::options.every], options.every == 1))
             for name, chosen in kinds.items() if options.only in (None, name)])


if __name__ == "__main__":
    main()
