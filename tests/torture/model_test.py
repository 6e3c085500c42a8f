#!/usr/bin/python3
"""Random actions on a log, against a model of what must come out of linekeeper-tailer.

Without options: the bounded part, as a test that prints TAP. With --actions: as many actions, in
episodes of a hundred; a failure prints its seed and the shortest list of actions that still fails,
which --seed and --replay run again.
"""

import argparse
import itertools
import os
import random
import shutil
import sys
import tempfile
import time

import packing
import small_disk
import tap
from drivers import Daemon, Once, Mismatch
from shrinking import shrink
from splitting import Rules
from tailer import Stuck
from world import World

EPISODE = 100

# What an action does to the world, and how often it comes.
ACTIONS = {
    "append": 30, "look": 24, "rotate": 7, "copytruncate": 4, "compress": 6, "truncate": 2,
    "delete": 2, "edit": 2, "replace": 1, "expire": 1, "late": 3, "reopen": 3, "kill": 4,
    "restart": 2, "reload": 2, "pause": 2, "full": 1,
}
KINDS = ["lines", "lines", "lines", "partial", "end", "crlf", "empty", "odd", "long"]


def action(rng):
    """One action with all that it needs, as text."""
    name = rng.choices(list(ACTIONS), ACTIONS.values())[0]
    if name in ("append", "late"):
        kind = rng.choice(KINDS)
        largest = {"long": 9000, "partial": 3000, "odd": 2000}.get(kind, 60)
        return f"{name} {kind} {int(rng.uniform(1, largest ** 0.5) ** 2)}"
    if name == "rotate":
        return rng.choice(["rotate", "rotate", "rotate nocreate", "rotate late"])
    if name in ("copytruncate", "truncate"):
        return rng.choice([name, name, name + " hole"])
    if name == "compress":
        return f"compress {rng.randrange(3)} {rng.choice(list(packing.PACKERS))}"
    if name == "replace":
        return f"replace {rng.randrange(1, 9)}"
    if name == "kill":
        return f"kill {rng.randrange(9000)}"
    return name


def settings(seed, options):
    """What differs from episode to episode."""
    rng = random.Random(f"settings {seed}")
    return {
        "rules": Rules(rng.choice([1 << 20, 1 << 20, 4096, 100]),
                       rng.choice(["split", "truncate", "skip"])),
        "scheme": rng.choice(["number", "number", "date"]),
        "keep": rng.choice([2, 4, 8]),
        "pattern": rng.choice(["app.log", "*.log", "*"]),
        "watch": options.watch or rng.choice(["poll", "inotify"]),
        "alone": rng.choice([True, False]),
    }


def perform(driver, text):
    words = text.split()
    name, rest = words[0], words[1:]
    world = driver.world
    if hasattr(driver, name):
        getattr(driver, name)(*rest)
    elif name in ("append", "late"):
        getattr(world, name)(rest[0], int(rest[1]))
    elif name == "rotate":
        world.rotate(create="nocreate" not in rest, late="late" in rest)
    elif name == "copytruncate":
        world.copytruncate(hole="hole" in rest)
    elif name == "compress":
        world.compress(int(rest[0]), rest[1])
    else:
        assert name in ("edit", "reopen"), text
        getattr(world, name)()


def episode(seed, actions, options):
    """Raises Mismatch or Stuck."""
    directory = tempfile.mkdtemp(prefix="torture.", dir=options.directory)
    driver = (Daemon if options.mode == "daemon" else Once)(
        directory, seed, small=options.small, **settings(seed, options))
    try:
        for done, text in enumerate(actions, 1):
            try:
                perform(driver, text)
            except (Mismatch, Stuck) as error:
                raise type(error)(f"after {done} actions, at \"{text}\": {error}") from None
        driver.finish()
    finally:
        driver.close()
        if not options.keep:
            shutil.rmtree(directory)


def fails(seed, actions, options):
    try:
        episode(seed, actions, options)
    except (Mismatch, Stuck):
        return True
    return False


def report(seed, actions, error, options):
    """What a human needs to see it again."""
    again = f"{sys.argv[0]} --seed {seed} --mode {options.mode}"
    if options.watch:
        again += f" --watch {options.watch}"
    if options.shrink:
        actions = shrink(actions, lambda rest: fails(seed, rest, options))
    try:
        episode(seed, actions, options)
        error = f"(not every time) {error}"
    except (Mismatch, Stuck) as last:
        error = last
    return f"{error}\nwith {settings(seed, options)}\n{again} --replay '{'; '.join(actions)}'"


def torture(options):
    """Runs episodes; their number of actions, or raises with a report."""
    done = 0
    for seed in itertools.count(options.seed):
        if done >= options.actions:
            return done
        rng = random.Random(seed)
        actions = [action(rng) for _ in range(min(EPISODE, options.actions - done))]
        try:
            episode(seed, actions, options)
        except (Mismatch, Stuck) as error:
            text = report(seed, actions, error, options)
            if not options.keep_going:
                raise Mismatch(text) from None
            print(text, flush=True)
        done += len(actions)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--actions", type=int)
    parser.add_argument("--mode", choices=["once", "daemon"], default="once")
    parser.add_argument("--watch", choices=["poll", "inotify"])
    parser.add_argument("--replay", metavar="ACTION; ACTION...")
    parser.add_argument("--directory", help="where to work, instead of the usual place for temporary files")
    parser.add_argument("--keep", action="store_true", help="do not remove it afterwards")
    parser.add_argument("--keep-going", action="store_true", help="after a failure, too")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false")
    return parser.parse_args()


def bounded(options):
    def part(mode, watch, actions):
        options.mode, options.watch, options.actions = mode, watch, actions
        return f"{torture(options)} actions"

    options.shrink = True
    tap.run([("many small looks", lambda: part("once", None, 4000)),
             ("a daemon that polls", lambda: part("daemon", "poll", 500)),
             ("a daemon that is woken", lambda: part("daemon", "inotify", 500))])


def main():
    options = parse()
    options.small = small_disk.enter_namespace()
    if options.replay:
        episode(options.seed, [text.strip() for text in options.replay.split(";")], options)
        print("no failure")
    elif options.actions:
        started = time.monotonic()
        print(f"{torture(options)} actions in {time.monotonic() - started:.0f} s")
    else:
        bounded(options)


def run():
    try:
        main()
    except (Mismatch, Stuck) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    run()
