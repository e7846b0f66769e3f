"""The seeds that every test run plays, in chunks that workers share, and what must have happened in each chunk."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.simulation.world import World

SEEDS = 2_000
CHUNK = 100

# How often, at least, each thing happens in a hundred seeds: a simulation that never loses an answer proves nothing.
AT_LEAST: dict[str, int] = {}


class Failure(NamedTuple):
    """A seed that broke an invariant."""

    seed: int
    error: Exception

    def __str__(self) -> str:
        return f"python -m tests.simulation.replay {self.seed}\n    {type(self.error).__name__}: {self.error}"


def run_seeds(seeds: Iterable[int]) -> tuple[list[Failure], Counter[str]]:
    """Run seeds; return those that failed, and how often everything happened."""
    failures: list[Failure] = []
    counts: Counter[str] = Counter()
    for seed in seeds:
        world = World(seed)
        try:
            world.run()
        except Exception as error:  # every failure is told with the command that replays it
            failures.append(Failure(seed, error))
        counts += world.counts
    return failures, counts
