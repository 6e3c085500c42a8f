"""The Test Anything Protocol, as tests/run reads it."""

import sys
import traceback


def run(tests):
    """tests: (name, function) pairs; a function returns a remark or None, and raises when it fails."""
    failed = False
    print(f"1..{len(tests)}", flush=True)
    for number, (name, test) in enumerate(tests, 1):
        try:
            remark = test()
            print(f"ok {number} - {name}" + (f": {remark}" if remark else ""), flush=True)
        except Exception as error:  # whatever it is, the other tests go on
            failed = True
            print(f"not ok {number} - {name}", flush=True)
            traceback.print_exc()
            print("\n".join("# " + line for line in str(error).splitlines()), flush=True)
    sys.exit(failed)
