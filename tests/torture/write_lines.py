#!/usr/bin/python3
"""write_lines.py PATH COUNT RATE: numbered lines of 42 bytes, appended; SIGHUP: opens PATH again."""

import os
import signal
import sys
import time

BATCH = 250


class Log:
    def __init__(self, path):
        self.path = path
        self.again = True
        self.fd = -1
        signal.signal(signal.SIGHUP, self._hang_up)

    def _hang_up(self, *_):
        self.again = True

    def write(self, data):
        if self.again:
            self.again = False
            if self.fd >= 0:
                os.close(self.fd)
            self.fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(self.fd, data)


def main():
    path, count, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    log, began = Log(path), time.monotonic()
    for first in range(0, count, BATCH):
        pause = began + first / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        log.write(b"".join(b"%09d and the rest of a line of a log\n" % number
                           for number in range(first, min(first + BATCH, count))))


if __name__ == "__main__":
    main()
