"""I1, I3, I4: what was acknowledged stays, is there once, and nothing that was typed ever vanishes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from backend.registry import KINDS
from contracts.push import STATUSES, Outcome
from sync.memory import Tables
from tests.simulation.server import Sent

if TYPE_CHECKING:
    from tests.simulation.world import World

read_outcome = msgspec.json.Decoder(Outcome).decode


def check_i1_acknowledged(world: World, tables: Tables) -> None:
    """I1: whatever the server ever acknowledged in this incarnation is settled, with the answer it gave then."""
    for sent, answer in world.server.book.acknowledged.items():
        kept = tables.remembered.get((sent.install_id, sent.n))
        if kept is not None and kept.digest == sent.digest:
            assert _fields_of(kept.outcome) == _fields_of(answer), f"I1: {sent} is remembered differently"
        else:
            outcome = read_outcome(answer)
            assert outcome.problem is not None, f"I1: {sent} was acknowledged and is gone"
            assert outcome.problem.code == "mutation_reused", f"I1: {sent} was acknowledged and is gone"


def check_i1_effects(tables: Tables) -> None:
    """I1: an accepted creation is there, at least at the version that was promised."""
    for (_install, n), kept in tables.remembered.items():
        outcome = read_outcome(kept.outcome)
        record = tables.records.get((kept.kind, kept.id))  # type: ignore[call-overload]  # a Key is such a pair
        if outcome.status in ("applied", "merged", "noop"):
            assert record is not None, f"I1: {kept.kind} {kept.id} of n={n} is not there"
            assert record.version >= (outcome.version or 0), f"I1: {kept.kind} {kept.id} went back"


def check_i1_outbox(tables: Tables) -> None:
    """I1: every version of accepted work for the CRM that stands now is on its way there, once."""
    sent = Counter((one.kind, one.id, one.version) for one in tables.outbox)
    for key, record in tables.records.items():
        if record.standing == "live" and KINDS[key.kind].is_outbound:
            count = sent[key.kind, key.id, record.version]
            assert count == 1, f"I1: {key} version {record.version} is in the outbox {count} times"


def check_i3_settled_once(tables: Tables) -> None:
    """I3: numbers are settled from 1 to the acknowledged one, each once."""
    settled: dict[str, list[int]] = {}
    for install_id, n in tables.remembered:
        settled.setdefault(install_id, []).append(n)
    for install in tables.installs.values():
        numbers = sorted(settled.get(install.install_id, ()))
        assert numbers == list(range(1, install.ack_n + 1)), f"I3: {install.install_id} has {numbers}"


def check_i4_nothing_vanishes(world: World, tables: Tables) -> None:
    """I4: all that was ever typed is settled on the server, kept for a person, on its tablet - or known to be lost."""
    settled, reused = fates(world, tables)
    waiting = {name for device in world.devices for name in device.kept()}
    for name in world.ledger.typed:
        assert settled[name] <= 1 or name in world.ledger.cloned, f"I4: {name} was settled {settled[name]} times"
        is_kept = settled[name] or name in reused or name in waiting or name in world.ledger.lost
        assert is_kept, f"I4: {name} {world.ledger.typed[name]} has vanished"


def check_i4_parked_is_kept(tables: Tables) -> None:
    """I4: every conflict and every parked mutation is a review that holds all that was typed."""
    for (install_id, n), kept in tables.remembered.items():
        outcome = read_outcome(kept.outcome)
        assert outcome.status in STATUSES, outcome.status
        named = {outcome.parked, outcome.conflict, *(field.conflict for field in outcome.fields)} - {None}
        assert bool(named) or outcome.status not in ("parked", "conflict"), f"I4: n={n} names no review"
        for id in named:
            review = tables.records.get(("review", id))  # type: ignore[call-overload]  # a Key is such a pair
            assert review is not None, f"I4: the review {id} of n={n} is not there"
            body = KINDS["review"].read(review.body)
            assert (body["install_id"], body["n"]) == (install_id, n), f"I4: review {id} is another's"
            assert body["mutation"]["n"] == n, f"I4: review {id} lost what was typed"


def fates(world: World, tables: Tables) -> tuple[Counter[str], set[str]]:
    """Return how often each name is settled on the server, and which are kept as reused numbers."""
    settled: Counter[str] = Counter()
    for (install_id, n), kept in tables.remembered.items():
        name = world.server.sent.get(Sent(install_id, n, kept.digest))
        assert name is not None, f"I4: the server settled n={n} of {install_id}, which nobody sent"
        settled[name] += 1
    reviews = (stored.body for key, stored in tables.records.items() if key.kind == "review")
    bodies = [KINDS["review"].read(body) for body in reviews]
    reused = {body["mutation"].get("reason", "") for body in bodies if body["cause"] == "mutation_reused"}
    return settled, reused


def _fields_of(outcome: bytes) -> object:
    body = msgspec.json.decode(outcome)
    for field in body.get("fields", ()):
        field.pop("theirs", None)
        field.pop("theirs_by", None)
    return body
