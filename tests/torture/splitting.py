"""What becomes of bytes: the rules of `max_line` and `long_line`, written down a second time."""

from dataclasses import dataclass, field


@dataclass
class Rules:
    max_line: int = 1 << 20
    long_line: str = "split"  # or "truncate", "skip"


@dataclass
class Split:
    lines: list = field(default_factory=list)
    offset: int = 0  # everything before it is dealt with
    discarding: bool = False  # inside a long line whose rest is left out
    handed: int = 0
    skipped: int = 0


def split(data, offset, discarding, rules, flush):
    """Splits data from offset on; with `flush`, an unterminated end is a line, too."""
    done = Split(offset=offset, discarding=discarding)
    while done.offset < len(data) and _one(done, data, rules):
        pass
    if flush and done.offset < len(data):
        _hand(done, data, len(data) - done.offset, 0)
    return done


def _one(done, data, rules):
    """One line, or one piece of a long one. False: there is no complete one."""
    if done.discarding:
        return _discard(done, data)
    newline = data.find(b"\n", done.offset, done.offset + rules.max_line + 1)
    if newline >= 0:
        _hand(done, data, newline - done.offset, 1)
        return True
    if len(data) - done.offset <= rules.max_line:
        return False
    if rules.long_line == "skip":
        _skip(done, rules.max_line)
    else:
        _hand(done, data, rules.max_line, 0)
    done.discarding = rules.long_line != "split"
    return True


def _discard(done, data):
    newline = data.find(b"\n", done.offset)
    done.discarding = newline < 0
    _skip(done, (len(data) if newline < 0 else newline + 1) - done.offset)
    return True


def _hand(done, data, length, newline):
    done.lines.append(bytes(data[done.offset:done.offset + length]))
    done.handed += length + newline
    done.offset += length + newline


def _skip(done, length):
    done.skipped += length
    done.offset += length
