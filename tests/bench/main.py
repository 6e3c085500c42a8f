"""The command line of tests/bench/run, and the heading of its report."""

import argparse
import os
import platform
import sys

import catchup
import idle
import latency
import pace
import rate
import recovery
import superdaemon

SECTIONS = {
    "catchup": catchup.run,
    "latency": latency.run,
    "idle": idle.run,
    "rate": rate.run,
    "recovery": recovery.run,
    "pace": pace.run,
    "superdaemon": superdaemon.run,
}


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    parser.add_argument("-r", dest="runs", type=int, default=5, help="of each, for the median")
    parser.add_argument("-t", dest="seconds", type=float, default=20, help="of idling and rate")
    parser.add_argument("-k", dest="minute", type=float, default=60, help="seconds, at 1 kHz")
    parser.add_argument("-n", dest="lines", type=int, default=2000000, help="of the large log")
    parser.add_argument("-l", dest="samples", type=int, default=1000, help="for the latency")
    parser.add_argument("-p", dest="picture", help="draw superdaemon into this SVG file")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    options = parser.parse_args()
    options.room = os.environ["ROOM"]
    for section in options.sections:
        if section not in SECTIONS:
            parser.error(f"{section}: is not one of {', '.join(SECTIONS)}")
    return options


def heading():
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, Linux {platform.release()}, load at the start {load:.2f}")


def main():
    options = arguments()
    heading()
    for name in options.sections or SECTIONS:
        SECTIONS[name](options)
        sys.stdout.flush()


main()
