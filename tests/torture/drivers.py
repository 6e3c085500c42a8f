"""A world and a tailer that follows it: when it looks, and what is compared then."""

import os
import re
import signal
import time

from small_disk import SmallDisk
from tailer import Tailer, end
from world import World


class Mismatch(Exception):
    """What came out is not what must come out."""


class Driver:
    """Actions that concern the tailer; those that only touch the log are the world's."""

    def __init__(self, directory, seed, rules, scheme, keep, pattern, alone, small, **settings):
        self.disk = SmallDisk(os.path.join(directory, "disk")) if small else None
        self.by_glob = "*" in pattern
        self.world = World(os.path.join(directory, "log"), rules, scheme, keep, seed)
        paths = [pattern] if alone else [pattern, "nothing.yet"]
        self.tailer = Tailer(directory, [os.path.join(self.world.directory, path) for path in paths],
                             max_line=rules.max_line, long_line=rules.long_line, **settings)
        self.compared = 0  # bytes of the output
        self.gaps = 0
        self.unsaved = None  # how much it had said when the disk of its state was full, and it ended

    def close(self):
        self.world.close()
        if self.disk:
            self.disk.close()

    def _room_again(self, since):
        """As soon as it has noticed that there is none."""
        try:
            self.tailer.wait_for("No space left on device", since)
        finally:
            self.disk.free()

    # --- comparing ---

    def compare(self):
        found = self.tailer.handed(self.compared)
        self._allow_for_repeats(found)
        expected = self.world.expected[self.compared:]
        if found != expected:
            raise Mismatch(self._difference(expected, found))
        self.compared += len(found)
        self._compare_accounts()

    def _allow_for_repeats(self, found):
        """Lines that may come again, as it said, because its state could not be saved."""
        if self.unsaved is None:
            return
        stay = re.findall(r"lines \((\d+) bytes\) after the last commit stay",
                          self.tailer.said()[self.unsaved:])
        repeated = found[:int(stay[-1])] if stay else b""
        expected = bytes(self.world.expected[self.compared:])
        if found != expected and set(repeated.splitlines()) <= set(expected.splitlines()):
            self.world.expected[self.compared:self.compared] = repeated
        self.unsaved = None

    def _difference(self, expected, found):
        expected, found = expected.split(b"\n"), found.split(b"\n")
        at = 0
        while expected[at:at + 1] == found[at:at + 1]:
            at += 1
        return (f"{len(expected) - 1} lines expected, {len(found) - 1} found; from number {at + 1} on:\n"
                f"  expected {_short(expected[at:])}\n  found    {_short(found[at:])}\n"
                f"{_last_lines(self.tailer.said())}")

    def _account_fits(self, key, found, expected):
        return found == expected

    def _compare_accounts(self):
        found = self.tailer.accounts()
        for key, expected in self.world.account.items():
            if not self._account_fits(key, found[key], expected):
                raise Mismatch(f"accounts: {key}={found[key]} instead of {expected}; expected "
                               f"{self.world.account}, found {found}\n"
                               f"{_last_lines(self.tailer.said())}")
        gaps = found["gaps"]
        if self.world.unseen and gaps <= self.gaps:
            raise Mismatch(f"gaps={gaps}, as before, although bytes went unseen")
        self.gaps = gaps
        self.world.unseen = 0


class Once(Driver):
    """Each look is a run of its own: nothing is left to chance but the moment of a kill."""

    killed = False  # the last look was, and so nobody knows how far it came

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.look()  # what was rotated before the first look ever is history

    def look(self):
        self.world.look()
        self._ended_well(self.tailer.once())

    def _ended_well(self, status):
        self.killed = False
        if status != 0:
            raise Mismatch(f"--once: exit status {status}\n{_last_lines(self.tailer.said())}")
        self.compare()

    def kill(self, after):
        self.tailer.once_killed(int(after) / 1e6)
        self.killed = True

    def finish(self):
        self.look()
        self.look()

    def _settle(self):
        """Before what the model can only tell from a known state: after a kill; when a glob has not
        yet seen the name that makes others its rotated siblings; when a hole is yet to be seen at
        the place where it was made."""
        live = self.world.live()
        unseen = live and (live.nuls > live.offset or (self.by_glob and not live.known))
        if self.killed or unseen:
            self.look()

    def edit(self):
        self._settle()
        self.world.edit()

    # --- what destroys bytes ---

    def expire(self):
        self._settle()
        self.world.expire()

    def delete(self):
        self._settle()
        self.world.delete()

    def truncate(self, *hole):
        self._settle()
        self.world.truncate(bool(hole))

    def replace(self, size):
        self._settle()
        self.world.replace(int(size))

    def rotate(self, how="create"):
        self._settle()
        self.world.rotate(how != "nocreate", how == "late")

    def copytruncate(self, *hole):
        self._settle()
        self.world.copytruncate(bool(hole))

    def late(self, kind, size):
        self._settle()
        self.world.late(kind, int(size))

    # --- what means something to a daemon only ---

    def restart(self):
        self.look()

    def reload(self):
        pass

    def pause(self):
        pass

    def full(self):
        """A look while there is no room, neither for its output nor for its state."""
        if self.disk:
            self.world.append("lines", 200)
            self.world.look()
            self.disk.fill()
            since = len(self.tailer.said())
            process = self.tailer.start_once()
            self._room_again(since)
            status = end(process, 10)
            self.killed = status == 1  # there was room for its output first
            if self.killed and self.unsaved is None:
                self.unsaved = since
            if not self.killed:
                self._ended_well(status)


class Daemon(Driver):
    """It looks when it likes: what must be seen in one state is waited for."""

    LIMIT = 3  # seconds to catch up in

    def __init__(self, *args, **more):
        super().__init__(*args, interval="50ms", checkpoint_interval="20ms", grace="60", **more)
        self.paused = []
        self.tailer.start()
        self._append_first()

    def _append_first(self):
        """What was rotated before the first look ever is history."""
        self.world.append("lines", 1)
        self.look()

    def close(self):
        self._go_on()
        if self.tailer.process:
            self.tailer.kill()
        super().close()

    def look(self):
        self._go_on()
        self._wait(self.tailer.has_looked)
        self.world.look()
        self._wait(lambda: self.tailer.handed(self.compared) == self.world.expected[self.compared:])
        self._wait(lambda: all(self._account_fits(key, self.tailer.accounts()[key], expected)
                               for key, expected in self.world.account.items()))
        self.compare()

    def _wait(self, condition):
        """In vain, if need be: then the comparison tells what is wrong."""
        end = time.monotonic() + self.LIMIT
        while not condition() and time.monotonic() < end:
            if self.tailer.process.poll() is not None:
                raise Mismatch(f"it ended by itself\n{_last_lines(self.tailer.said())}")
            time.sleep(0.005)

    def _account_fits(self, key, found, expected):
        """How much of an unterminated end it had seen before that was cut off is its own affair."""
        return 0 <= found <= expected if key == "lost" else found == expected

    def finish(self):
        self.look()
        self._stop()
        self.compare()

    # --- what happens to it ---

    def _stop(self):
        booting = "running" not in self.tailer.said()[self.tailer.since:]
        status = self.tailer.stop()
        if status != 0 and not (booting and status == -signal.SIGTERM):
            raise Mismatch(f"exit status {status}\n{_last_lines(self.tailer.said())}")

    def restart(self):
        self._go_on()
        self._stop()
        self.tailer.start()

    def kill(self, _after):
        self._go_on()
        self.tailer.kill()
        self.tailer.start()

    def reload(self):
        self._go_on()
        self.tailer.wait_for("running", self.tailer.since)
        self.tailer.send(signal.SIGHUP)

    def full(self):
        if self.disk:
            self.look()
            self.disk.fill()
            since = len(self.tailer.said())
            self.world.append("lines", 200)
            self._room_again(since)
            self.look()

    def pause(self):
        self.paused = self.tailer.processes()
        for process in self.paused:
            os.kill(process, signal.SIGSTOP)

    def _go_on(self):
        for process in self.paused:
            os.kill(process, signal.SIGCONT)
        self.paused = []

    # --- what destroys bytes, or makes their order matter ---

    def edit(self):
        """A file replaced before anything was read of it would be two files."""
        if self._to_be_told_by_content():
            self.world.edit()

    def expire(self):
        self.look()
        self.world.expire()

    def _to_be_told_by_content(self):
        """Has it surely read something of the file?"""
        self.look()
        return self.world.live() and self.world.live().offset > 0

    def _leave_behind(self):
        """It holds the file open, and reads it to its end although the name is gone."""
        self.look()
        if self.world.live():
            self._wait(lambda: self.tailer.has_open(self.world.path))
            self.world.live().live = False
            self.world.look()

    def delete(self):
        if self.world.live():
            self._leave_behind()
            os.unlink(self.world.path)
            self.world.generations.pop()
            self.look()

    def replace(self, size):
        if self.world.live():
            self._leave_behind()
            self.world.generations[-1].live = True
            self.world.replace(int(size))
            self.look()

    def truncate(self, *hole):
        if self._to_be_told_by_content():
            self.world.truncate(bool(hole))
            self._fill(hole)

    def copytruncate(self, *hole):
        if self._to_be_told_by_content():
            self.world.copytruncate(bool(hole))
            self._fill(hole)

    def _fill(self, hole):
        """Whether NULs are the hole of a truncation is told as long as the file stays where it is."""
        if hole:
            self.world.append("lines", 1)
            self.look()

    def rotate(self, how="create"):
        if self.world.rotation_destroys():
            self.look()
        late = how == "late" and self.world.live() and not self.world.live().unfinished()
        self.world.rotate(how != "nocreate", late)

    def late(self, kind, size):
        if kind != "partial":
            self.look()
            self.world.late(kind, int(size))
            self.look()


def _short(lines):
    return " | ".join(f"{bytes(line[:40])!r}" + (f" ({len(line)} bytes)" if len(line) > 40 else "")
                      for line in lines[:3]) or "nothing"


def _last_lines(text):
    return "".join(f"  {line}\n" for line in text.splitlines()[-6:])
