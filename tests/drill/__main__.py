"""Break the engine on purpose: `python -m tests.drill [WORD]`; exit code 1 if a bug survives."""

import sys

from tests.drill.bugs import BUGS
from tests.drill.drill import run_drill

WIDTH = 88


def main() -> int:
    """Print a table of bugs and of what caught them."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    survivors = 0
    for verdict in run_drill([bug for bug in BUGS if word in bug.name]):
        is_bad = not verdict.caught_by or verdict.caught_by.startswith("FALSE ALARM")
        survivors += is_bad
        fate = "SURVIVED" if is_bad else "caught  "
        print(f"{fate}  {verdict.bug}\n          {verdict.caught_by[:WIDTH]}", flush=True)
    print(f"{len(BUGS)} bugs known, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
