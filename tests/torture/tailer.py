"""Drives linekeeper-tailer on a directory of its own, and reads what it left there."""

import glob
import os
import re
import signal
import subprocess
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(SOURCE, os.environ.get("BUILD", "build"))
PROGRAM = os.path.join(BUILD, "linekeeper-tailer")

CONF = """handler "out" {{ type = "file" path = "{output}" }}
tail "t" {{ handler = "out" path = {{{paths}}}
{settings} }}
"""


ACCOUNTS = ("handed", "refused", "skipped", "lost", "gaps")


class Stuck(Exception):
    """It did not do in time what it must."""


def _numbers():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _parent(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _open_files(number):
    for name in glob.glob(f"/proc/{number}/fd/*"):
        try:
            yield os.stat(name)
        except FileNotFoundError:
            continue  # closed just now


def end(process, limit):
    """Its exit status."""
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Stuck(f"did not end within {limit} s") from None


class Tailer:
    """In `directory`: tailer.conf, errors, and disk/ with its output and state."""

    def __init__(self, directory, paths, **settings):
        self.directory = directory
        self.disk = os.path.join(directory, "disk")
        self.state = os.path.join(self.disk, "state")
        self.conf = os.path.join(directory, "tailer.conf")
        self.output = os.path.join(self.disk, "handled.log")
        self.errors = os.path.join(directory, "errors")
        self.process = None
        self.since = 0  # what it said in earlier lives
        self.started = 0
        os.makedirs(self.disk, exist_ok=True)
        self._write_conf(paths, settings)

    def _write_conf(self, paths, settings):
        text = CONF.format(
            output=self.output,
            paths=", ".join(f'"{path}"' for path in paths),
            settings="\n".join(f'{key} = "{value}"' for key, value in settings.items()))
        with open(self.conf, "w") as file:
            file.write(text)

    def command(self, *options):
        return [PROGRAM, *options, "-f", self.conf, "-s", self.state,
                "-P", os.path.join(self.directory, "pid")]

    def _start(self, command):
        with open(self.errors, "ab") as errors:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors,
                                    stderr=errors, close_fds=False)

    # --- to the end of what is there ---

    def start_once(self, *wrapper):
        return self._start([*wrapper, *self.command("--once")])

    def once(self, *wrapper, limit=10):
        """Its exit status; negative: killed by that signal."""
        return end(self.start_once(*wrapper), limit)

    def once_killed(self, after):
        process = self.start_once()
        time.sleep(after)
        process.kill()
        process.wait()

    # --- as a daemon in the foreground ---

    def start(self):
        self.since = len(self.said())
        self.started = time.time_ns()
        self.process = self._start(self.command("-n"))

    def wait_for(self, text, since=0, limit=10):
        """Until it says so."""
        end = time.monotonic() + limit
        while text not in self.said()[since:]:
            if time.monotonic() > end:
                raise Stuck(f"\"{text}\" was not said within {limit} s:\n{self.said()[since:]}")
            time.sleep(0.005)

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        """Its worker goes with it."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def processes(self):
        """Its own, and its workers'."""
        return [self.process.pid, *(number for number in _numbers() if _parent(number) == self.process.pid)]

    def has_open(self, path):
        return any(os.path.samestat(os.stat(path), status)
                   for process in self.processes() for status in _open_files(process))

    def stop(self, limit=20):
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        return end(process, limit)

    # --- what it left ---

    def said(self):
        try:
            with open(self.errors, "rb") as file:
                return file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def handed(self, offset=0):
        try:
            with open(self.output, "rb") as file:
                file.seek(offset)
                return file.read()
        except FileNotFoundError:
            return b""

    def accounts(self):
        """Sums over all files, also those of logs that are no more, as of the checkpoint."""
        records = list(self._records())
        return {key: sum(int(words[key]) for words in records) for key in ACCOUNTS}

    def _records(self):
        for line in self._checkpoint().splitlines():
            kind, _, rest = line.partition(" ")
            if kind in ("file", "total"):
                yield dict(word.split("=", 1) for word in rest.split(" "))

    def has_looked(self):
        """In this life, and its checkpoint says so."""
        looked = re.search(r"^looked (\d+)$", self._checkpoint(), re.MULTILINE)
        return looked and int(looked[1]) >= self.started

    def _checkpoint(self):
        try:
            with open(os.path.join(self.state, "tail-t.checkpoint"), errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""
