"""The programs that follow logs: ours and its peers, each set up to write the lines it reads as they
are, to a file or a pipe."""

import os
import shutil
import sys

from measure import start, write

TAILER = os.path.join(os.environ["BUILD"], "linekeeper-tailer")
LOOP = os.path.join(os.path.dirname(__file__), "loop.py")


class Reader:
    """command(room, paths, out) gives the command line; `needs` must be installed. What writes to its
    standard output gets `out` as that."""

    def __init__(self, name, needs, command, own_output=False):
        self.name = name
        self.needs = needs
        self.command = command
        self.own_output = own_output

    def missing(self):
        return shutil.which(self.needs) is None

    def start(self, room, paths, out):
        """A process that reads from the first byte of the files on."""
        own = os.path.join(room, "reader")
        shutil.rmtree(own, ignore_errors=True)
        os.mkdir(own)
        argv = self.command(own, paths, out)
        if self.own_output:
            return start(argv)
        with open(out, "wb") as stdout:
            return start(argv, stdout=stdout)


def listed(paths):
    return ", ".join(f'"{path}"' for path in paths)


def tailer_conf(room, paths, handler, watch="poll", interval="1"):
    return write(
        f"{room}/tailer.conf",
        f"""pidfile = "{room}/tailer.pid"
state = "{room}/state"
handler "out" {{ {handler} }}
tail "bench" {{
    path = {{{listed(paths)}}}
    interval = {interval}
    watch = "{watch}"
    max_open = 2000
    handler = "out"
}}
""",
    )


def tailer_to_file(*options, **settings):
    def command(room, paths, out):
        conf = tailer_conf(room, paths, f'type = "file"  path = "{out}"', **settings)
        return [TAILER, *options, "-f", conf]

    return command


def tailer_to_stdout(*options, **settings):
    def command(room, paths, _out):
        return [TAILER, *options, "-f", tailer_conf(room, paths, 'type = "print"', **settings)]

    return command


def tailer_to_module(module, *options):
    def command(room, paths, _out):
        handler = f'type = "module"  module = "{module}"'
        return [TAILER, *options, "-f", tailer_conf(room, paths, handler)]

    return command


def expanded(paths):
    """For peers that take no patterns."""
    import glob

    return [path for pattern in paths for path in sorted(glob.glob(pattern))]


def tail(*options):
    return lambda _room, paths, _out: ["tail", "-q", "-n", "+1", *options, *expanded(paths)]


def rsyslog(mode, *settings, pipe=False):
    def command(room, paths, out):
        inputs = "\n".join(f'input(type="imfile" file="{path}" tag="x")' for path in paths)
        action = f'type="ompipe" pipe="{out}"' if pipe else f'type="omfile" file="{out}"'
        conf = write(
            f"{room}/rsyslog.conf",
            f"""global(workDirectory="{room}")
module(load="imfile" mode="{mode}" {" ".join(settings)})
template(name="raw" type="string" string="%msg%\\n")
{inputs}
action({action} template="raw")
""",
        )
        return ["rsyslogd", "-n", "-f", conf, "-i", f"{room}/rsyslog.pid"]

    return command


def python_loop(interval):
    return lambda _room, paths, _out: [sys.executable, LOOP, str(interval), *expanded(paths)]
