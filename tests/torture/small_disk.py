"""A disk so small that it can be filled: a tmpfs in a mount namespace of our own."""

import ctypes
import errno
import os

CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(status, what):
    if status:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def enter_namespace():
    """From now on mounts are ours alone, and go with us. False if that is not allowed."""
    try:
        _check(_libc.unshare(CLONE_NEWNS), "unshare")
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount")
    except OSError:
        return False
    return True


class SmallDisk:
    def __init__(self, path, size="2m"):
        self.path = path
        self.filler = os.path.join(path, "filler")
        os.makedirs(path)
        _check(_libc.mount(b"none", path.encode(), b"tmpfs", 0, f"size={size}".encode()), "mount")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                self._write_blocks(file, bytes(size))

    @staticmethod
    def _write_blocks(file, block):
        try:
            while True:
                file.write(block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def free(self):
        if os.path.exists(self.filler):
            os.unlink(self.filler)

    def close(self):
        _check(_libc.umount2(self.path.encode(), 2), "umount")
