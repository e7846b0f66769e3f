"""Run seeds until one fails, and say which invariant it broke: `python -m tests.drill.hunt FIRST STOP STEP`."""

import sys

from tests.simulation.chunks import run_seeds


def main() -> int:
    """Print the first failure; 1 if there is one."""
    for seed in range(*map(int, sys.argv[1:4])):
        failures, _ = run_seeds([seed])
        if failures:
            print(f"seed {seed}: {type(failures[0].error).__name__}: {failures[0].error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
