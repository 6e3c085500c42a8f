"""A log, what is done to it on the disk, and the model of what a tailer must make of it.

A generation is what was written from one beginning of the log to the next, wherever its bytes went
since: under the live path, under a rotated name, compressed. Whatever is on the disk at a look must be
handed over by then; what is gone before is lost, and must be counted as far as it was ever seen.
"""

import datetime
import os
import random

import packing
from splitting import split

LIVE = "app.log"
POOL = random.Random(1).randbytes(1 << 16).replace(b"\n", b" ")


class Generation:
    def __init__(self, path):
        self.path = path
        self.data = bytearray()
        self.live = True
        self.ending = ""  # of compression
        self.writer = None  # the descriptor of a program that writes on after a rotation
        self.known = False  # there was a look since it began
        self.known_live = False  # at the last look it was the live one
        self.seen = 0  # the largest size at a look
        self.truncated = False  # begun by a truncation that a look can notice
        self.edited = False  # no look has seen its present inode
        self.nuls = 0  # at the beginning then, of a writer without O_APPEND
        self.offset = 0
        self.discarding = False

    def unfinished(self):
        return not self.data.endswith(b"\n") and len(self.data) > self.nuls


class World:
    def __init__(self, directory, rules, scheme="number", keep=6, seed=0):
        self.directory = directory
        self.rules = rules
        self.scheme = scheme
        self.keep = keep
        self.random = random.Random(seed)
        self.path = os.path.join(directory, LIVE)
        self.generations = []  # on the disk, oldest first
        self.hole = 0  # where a writer without O_APPEND will write next
        self.number = 0  # of lines ever
        self.day = 0  # of the last rotation
        self.expected = bytearray()
        self.account = {"handed": 0, "skipped": 0, "lost": 0}
        self.unseen = 0  # times that bytes went which no look has seen
        os.makedirs(directory, exist_ok=True)

    def close(self):
        for generation in self.generations:
            self._close_writer(generation)

    # --- what lines are made of ---

    def _id(self):
        self.number += 1
        return b"%08d " % self.number

    def _filler(self, size):
        at = self.random.randrange(len(POOL) - size)
        return POOL[at:at + size]

    def _text(self, size):
        return self._id() + self._filler(size).replace(b"\r", b" ").replace(b"\0", b" ")

    def chunk(self, kind, size):
        if kind == "lines":
            return b"".join(self._text(self.random.randrange(80)) + b"\n" for _ in range(size))
        if kind == "partial":
            return self._text(size)
        if kind == "end":
            return self._id() + b"\n"
        if kind == "crlf":
            return b"".join(self._id() + b"\r\n" for _ in range(size))
        if kind == "empty":
            return self._id() + b"\n" * size
        if kind == "odd":
            return self._id() + self._filler(size) + b"\0\xff\r\n"
        assert kind == "long"
        return self._text(size) + b"\n"

    # --- writing ---

    def live(self):
        last = self.generations[-1] if self.generations else None
        return last if last and last.live else None

    def _begin(self):
        with open(self.path, "xb"):
            pass
        self.generations.append(Generation(self.path))
        self.hole = 0

    def append(self, kind, size):
        if not self.live():
            self._begin()
        self._append(self.live(), self.chunk(kind, size))

    def _append(self, generation, data):
        hole = max(0, self.hole - len(generation.data)) if not generation.data else 0
        with open(generation.path, "r+b", buffering=0) as file:
            file.seek(len(generation.data) + hole)
            file.write(data)
        if generation.truncated:
            generation.nuls += hole
        generation.data += b"\0" * hole + data

    def late(self, kind, size):
        """Written by a program that has not noticed the rotation."""
        for generation in self.generations:
            if generation.writer is not None:
                data = self.chunk(kind, size)
                os.write(generation.writer, data)
                generation.data += data

    def reopen(self):
        for generation in self.generations:
            self._close_writer(generation)

    @staticmethod
    def _close_writer(generation):
        if generation.writer is not None:
            os.close(generation.writer)
            generation.writer = None

    # --- rotating ---

    def rotate(self, create=True, late=False):
        if not self.live():
            return
        if late:
            self.reopen()
            self.live().writer = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        self._make_room()
        self._move(self.live(), self._rotated_name(), rename=os.rename)
        if create:
            self._begin()

    def copytruncate(self, hole=False):
        old = self.live()
        if not old:
            return
        self._make_room()
        self._move(old, self._rotated_name(), rename=self._copy)
        self._begin_anew(old, hole)
        old.edited = True

    def _begin_anew(self, old, hole):
        os.truncate(self.path, 0)
        self.generations.append(Generation(self.path))
        self.live().truncated = not old.edited and (old.seen > 0 or old.truncated)
        # An inode that was given out again looks like a truncation, and then its NULs are a hole.
        self.hole = len(old.data) if hole and self.live().truncated else 0

    @staticmethod
    def _copy(source, target):
        with open(source, "rb") as old, open(target, "xb") as new:
            new.write(old.read())

    def compress(self, index, ending):
        """The rotated file number `index`, counted from the youngest."""
        rotated = [g for g in reversed(self.generations) if not g.live]
        if index >= len(rotated) or rotated[index].ending or rotated[index].writer is not None:
            return
        generation = rotated[index]
        packing.pack(generation.path, ending)
        generation.ending = ending
        generation.path += ending

    def rotation_destroys(self):
        return sum(not g.live for g in self.generations) >= self.keep

    def _make_room(self):
        if self.scheme == "number":
            self._cascade()
        if self.rotation_destroys():
            self.expire()

    def _cascade(self):
        for number, generation in enumerate(
                g for g in self.generations if not g.live):
            count = sum(not g.live for g in self.generations)
            self._move(generation, f"{self.path}.{count - number + 1}{generation.ending}",
                       rename=os.rename)

    def _rotated_name(self):
        if self.scheme == "number":
            return self.path + ".1"
        self.day += 1
        day = datetime.date(2026, 1, 1) + datetime.timedelta(self.day)
        return self.path + day.strftime("-%Y%m%d")

    def _move(self, generation, name, rename):
        if generation.path != name:
            rename(generation.path, name)
        generation.path = name
        generation.live = False

    # --- destroying ---

    def expire(self):
        """The oldest of the rotated files."""
        if self.generations and not self.generations[0].live:
            os.unlink(self.generations[0].path)
            self._lose(self.generations.pop(0))

    def delete(self):
        if self.live():
            os.unlink(self.path)
            self._lose(self.generations.pop())

    def truncate(self, hole=False):
        old = self.live()
        if not old:
            return
        self._lose(self.generations.pop())
        self._begin_anew(old, hole)

    def _lose(self, generation):
        self._close_writer(generation)
        self.account["lost"] += generation.seen - generation.offset
        # Not of an empty file, where nothing shows; nor of one that was rotated and read.
        self.unseen += generation.known_live and 0 < generation.seen < len(generation.data)

    # --- replacing ---

    def edit(self):
        """An editor adds a line and puts the file in the place of the old one."""
        if not self.live():
            return
        generation = self.live()
        if generation.seen == 0:
            generation.nuls = 0  # nobody can see any more that it was truncated
        generation.edited = True
        generation.data += self.chunk("lines", 1)
        self._put_in_place(generation.data)

    def replace(self, size):
        """By a file of other content."""
        if not self.live():
            return
        self._lose(self.generations.pop())
        data = self.chunk("lines", size)
        self._put_in_place(data)
        self.generations.append(Generation(self.path))
        self.generations[-1].data += data
        self.hole = 0

    def _put_in_place(self, data):
        draft = self.directory + ".draft"
        with open(draft, "wb") as file:
            file.write(data)
        os.rename(draft, self.path)

    # --- what must come out ---

    def look(self):
        """Takes note of what a tailer sees now, and of what it must hand over."""
        for generation in self.generations:
            if generation.seen == 0 and (generation.edited or
                                         not (generation.known or generation.live)):
                generation.nuls = 0  # nobody has seen that it was truncated
            generation.known = True
            generation.edited = False
            generation.known_live = generation.live
            generation.seen = len(generation.data)
        for generation in self.generations:
            self._hand_over(generation)
            if generation.offset < len(generation.data):
                return  # the younger ones wait for the end of the line

    def _hand_over(self, generation):
        if generation.offset < generation.nuls:
            self.account["skipped"] += generation.nuls - generation.offset
            generation.offset = generation.nuls
        done = split(generation.data, generation.offset, generation.discarding, self.rules,
                     flush=not generation.live and generation.writer is None)
        generation.offset = done.offset
        generation.discarding = done.discarding
        self.account["handed"] += done.handed
        self.account["skipped"] += done.skipped
        for line in done.lines:
            self.expected += line + b"\n"
