"""The loop that everybody writes first: read a line, print it, sleep when there is none."""

import sys
import time

interval = float(sys.argv[1])
with open(sys.argv[2]) as log:
    while True:
        line = log.readline()
        if line:
            sys.stdout.write(line)
            sys.stdout.flush()
        else:
            time.sleep(interval)
