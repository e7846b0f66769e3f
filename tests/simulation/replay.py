"""Run one seed and tell what happened: `python -m tests.simulation.replay SEED`."""

import sys
import traceback

from tests.simulation.world import World


def main() -> int:
    """Print the trace of a seed; 1 if it breaks an invariant."""
    world = World(int(sys.argv[1]))
    try:
        world.run()
    except Exception:
        print("\n".join(world.trace))
        traceback.print_exc()
        return 1
    print("\n".join(world.trace))
    return 0


if __name__ == "__main__":
    sys.exit(main())
