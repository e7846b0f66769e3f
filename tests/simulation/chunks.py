"""The seeds that every test run plays, in chunks that workers share, and what must have happened in each chunk."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tests.simulation.world import World

SEEDS = 2_000
CHUNK = 200

# How often, at least, each thing happens in a chunk: a simulation that never loses an answer proves nothing.
_OFTEN = {
    400: ("status applied, status parked"),
    100: (
        "cause not_in_scope, cause transition_not_allowed, code depends_on, code not_in_scope, code "
        "still_refused, code transition_not_allowed, fault lose_answer, fault lose_request, fault repeat, fault "
        "server_crash, status merged"
    ),
    50: ("cause depends_on, fault assigned, fault boot_change, fault clock_jump, fault delay, status noop"),
    20: (
        "cause field_conflict, cause id_taken, cause mutation_reused, cause superseded, cause validation_failed, "
        "code id_taken, code mutation_reused, code own_work, code read_only_field, code superseded, code "
        "validation_failed, fault clone, fault crash_back, fault days_pass, fault reinstall, fault revoked, fault "
        "unassigned, law orders, status conflict"
    ),
    10: (
        "cause gone, cause kind_unknown, cause op_not_allowed, cause read_only_field, cause secret_refused, code "
        "already_decided, code chain_gap, code gone, code kind_unknown, code malformed, code op_not_allowed, code "
        "secret_refused, crash commit, crash number_bucket, crash save_records, fault compaction, fault "
        "person_switch, fault transferred"
    ),
    5: (
        "cause bad_signature, cause id_retired, code bad_signature, code id_retired, code number_outside_lease, "
        "crash chain_audit, crash send, decision keep, fault restore"
    ),
    2: (
        "cause chain_fork, code chain_fork, crash committed, crash note_received, crash remember, crash "
        "save_install, decision discard, decision edit, decision override, decision retry"
    ),
    1: (
        "cause number_collision, code after_revocation, code forbidden, code not_found, code number_collision, "
        "fault reorder"
    ),
}
AT_LEAST = {name: least for least, names in _OFTEN.items() for name in names.split(", ")}

# Codes of outcomes that the simulated bank cannot meet, and what tests them instead.
NOT_REACHED = {
    "schema_unknown": "there is one schema so far; tests/sync lifts made-up ones",
    "blob_missing": "photos are not simulated; uploads have tests of their own",
    "quota": "the reference tablet refuses to write what is too large",
}


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
