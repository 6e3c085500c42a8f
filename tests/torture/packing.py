"""Compresses a file the way logrotate(8) does: a new file beside it, with its times."""

import bz2
import gzip
import lzma
import os
import shutil
import subprocess


def _by_tool(*command):
    def pack(data):
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
    return pack


PACKERS = {".gz": lambda data: gzip.compress(data, 1), ".xz": lzma.compress, ".bz2": bz2.compress}
for tool, ending in (("zstd", ".zst"), ("lz4", ".lz4")):
    if shutil.which(tool):
        PACKERS[ending] = _by_tool(tool, "-c", "-q")


def pack(path, ending):
    """Replaces path by path + ending."""
    with open(path, "rb") as file:
        packed = PACKERS[ending](file.read())
    with open(path + ending, "wb") as file:
        file.write(packed)
    status = os.stat(path)
    os.utime(path + ending, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.unlink(path)
