"""Two thousand seeds, each a bank that lives through faults, and none of them breaks an invariant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import ErrorCode
from contracts.push import STATUSES
from tests.simulation.chunks import AT_LEAST, CHUNK, NOT_REACHED, SEEDS, run_seeds
from tests.simulation.world import World

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_no_seed_breaks_an_invariant_and_every_chunk_sees_every_fault(first):
    failures, counts = run_seeds(range(first, first + CHUNK))
    assert not failures, "\n".join(map(str, failures))
    rare = {name: counts[name] for name, least in AT_LEAST.items() if counts[name] < least}
    assert rare == {}, "the simulation has become too tame"


def test_every_status_and_every_code_of_an_outcome_is_counted_or_has_a_reason():
    in_outcomes = {error.code for error in ErrorCode if error.status == 0}
    counted = {name.partition(" ")[2] for name in AT_LEAST if name.startswith(("code", "cause"))}
    assert in_outcomes - counted == NOT_REACHED.keys()
    assert {f"status {status}" for status in STATUSES} <= AT_LEAST.keys()


def test_one_seed_is_one_trace_in_every_process():
    world = World(7)
    world.run()
    command = [sys.executable, "-m", "tests.simulation.replay", "7"]
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert told.stdout.splitlines() == world.trace
