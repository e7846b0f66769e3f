"""Go on with fresh seeds for as long as wanted: `python -m tests.simulation.soak [--minutes N] [--from SEED]`."""

import argparse
import sys
import time
from collections import Counter

from tests.simulation.chunks import SEEDS, run_seeds


def main() -> int:
    """Print a line now and then, each failing seed with its command, and what happened in all; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--from", dest="first", type=int, default=None, help="default: by the clock, so never the same")
    asked = parser.parse_args()
    seed = asked.first if asked.first is not None else SEEDS + int(time.time()) * 1_000
    ends_at = time.monotonic() + asked.minutes * 60
    done, failed, counts = 0, 0, Counter[str]()
    while time.monotonic() < ends_at:
        failures, happened = run_seeds(range(seed, seed + 20))
        seed, done, failed = seed + 20, done + 20, failed + len(failures)
        counts += happened
        for failure in failures:
            print(failure, flush=True)
        if done % 500 == 0:
            print(f"{done} seeds, {failed} failed", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")
    print(f"{done} seeds up to {seed - 1}, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
