"""A kind that the engine never heard of goes through push, pull and old schemas: adding one touches nothing here."""

from typing import Annotated, ClassVar

import msgspec
import pytest
from msgspec import Meta, Raw

from backend.registry import KINDS
from contracts.base import OrgId
from contracts.kinds import Review
from contracts.policy import Life, Merge, Op, Record, Step, full_matrix
from contracts.push import Mutation
from contracts.review import Decision, DecisionRequest
from sync.clock import DeviceClock
from sync.judge import judge_review
from sync.kind import Kind
from sync.parcels import unpack
from sync.push import PushContext, push_batch
from tests.sync.bank import BRANCH, Bank, code, replica, visible

LAMP = Life(first="dark", matrix=full_matrix(("dark", "lit"), {
    "dark": {Step.APPLY: "lit", Step.NOOP: "dark"}, "lit": {Step.APPLY: "dark", Step.SUPERSEDE: "lit"},
}))  # fmt: skip


class Lamp(Record, frozen=True, kw_only=True):
    """A toy. In schema 2, `watts` was called `power`; before that it was a word."""

    kind: ClassVar[str] = "lamp"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE, Op.PATCH, Op.TRANSITION, Op.DELETE})
    life: ClassVar[Life] = LAMP
    delete_wins: ClassVar[bool] = False

    branch_id: Annotated[OrgId, Merge.SERVER]
    state: Annotated[str, Merge.SERVER]
    colour: Annotated[str, Merge.ASK, Meta(max_length=10)] = "white"
    watts: Annotated[int, Merge.MAX] = 0
    watts_max: Annotated[int, Merge.LATEST_PUSH] = 100


def check(body):
    return "too bright" if body.get("watts", 0) > body.get("watts_max", 100) else None


def from_words(mutation: Mutation) -> Mutation | None:
    """Schema 1 said the power in words; only some of them were numbers."""
    words = {"weak": 10, "strong": 60}
    if mutation.set.get("power", "weak") not in words:
        return None
    named = {name: words[value] if name == "power" else value for name, value in mutation.set.items()}
    return msgspec.structs.replace(mutation, set=named)


def renamed(mutation: Mutation) -> Mutation:
    """Schema 3 calls `power` watts."""
    parts = (mutation.set, mutation.base)
    set, base = ({"watts" if name == "power" else name: value for name, value in part.items()} for part in parts)
    return msgspec.structs.replace(mutation, set=set, base=base)


TOYS = {
    "lamp": Kind(
        Lamp, lambda body: frozenset({f"branch:{body['branch_id']}"}), check=check, lifts={1: from_words, 2: renamed}
    ),
    "review": Kind(Review, KINDS["review"].buckets),
}  # fmt: skip


@pytest.fixture
def bank() -> Bank:
    return Bank(TOYS)


def lamp(pad, **fields):
    return pad.say("lamp", "create", set={"branch_id": BRANCH, **fields})


def test_it_is_pushed_merged_moved_and_pulled(bank):
    pad, other = bank.pad(), bank.pad("s-2")
    made = lamp(pad, watts=5)
    brighter = pad.patch(made["id"], "lamp", base={"watts": 5}, watts=9)
    pad.push(made, brighter, pad.say("lamp", "transition", made["id"], set={"to": "lit"}))
    outcome = other.do(other.patch(made["id"], "lamp", base={"watts": 5}, seen=1, watts=7, colour="red"))
    assert outcome.status == "merged"
    body = bank.body("lamp", made["id"])
    assert (body["watts"], body["colour"], body["state"]) == (9, "red", "lit")
    assert replica(pad.pull_all(limit=1)) == visible(bank, pad.actor)


def test_its_own_check_refuses_what_was_never_valid_and_conflicts_over_what_became_so(bank):
    pad, other = bank.pad(), bank.pad("s-2")
    assert code(pad.do(lamp(pad, watts=200))) == "validation_failed"
    made = lamp(pad)
    pad.do(made)
    assert pad.do(pad.patch(made["id"], "lamp", base={}, seen=1, watts=500)).status == "parked"
    other.do(other.patch(made["id"], "lamp", base={}, seen=1, watts_max=20))
    outcome = pad.do(pad.patch(made["id"], "lamp", base={}, seen=1, watts=50))
    assert (outcome.status, code(outcome)) == ("conflict", "validation_failed")
    assert bank.body("lamp", made["id"])["watts"] == 0


def test_where_deletes_do_not_win_an_unseen_change_stands(bank):
    pad, other = bank.pad(), bank.pad("s-2")
    made = lamp(pad)
    pad.do(made)
    other.do(other.patch(made["id"], "lamp", base={}, seen=1, colour="red"))
    delete = {**pad.say("lamp", "delete", made["id"]), "base_version": 1}
    assert (pad.do(delete).status, bank.find("lamp", made["id"]).standing) == ("conflict", "live")
    seen = {**pad.say("lamp", "delete", made["id"]), "base_version": 2}
    assert (pad.do(seen).status, bank.find("lamp", made["id"]).standing) == ("applied", "deleted")


# --- P10: every schema ever shipped is lifted to today's, or parked


def today_for(bank, actor, schema):
    return PushContext(
        actor=actor, kinds=TOYS, now=bank.now, device=DeviceClock(), schema=schema, countersign=lambda _hashes: "seal"
    )


def push_today(bank, pad, *mutations, today=3):
    context = today_for(bank, pad.actor, today)
    parcels = unpack([Raw(msgspec.json.encode(one)) for one in mutations], b"")
    return bank.store.write(lambda unit: push_batch(unit, parcels, context)).outcomes


def test_p10_old_mutations_are_lifted_step_by_step(bank):
    pad = bank.pad(schema=1)
    made = lamp(pad, power="strong")
    patch = pad.patch(made["id"], "lamp", base={"power": 60}, power="weak")
    assert [one.status for one in push_today(bank, pad, made, patch)] == ["applied", "applied"]
    assert bank.body("lamp", made["id"])["watts"] == 10


def test_p10_a_mutation_says_which_schema_it_was_made_under_when_the_app_has_moved_on(bank):
    pad = bank.pad(schema=3)
    made = {**lamp(pad, power=7), "schema": 2}
    assert push_today(bank, pad, made)[0].status == "applied"
    assert bank.body("lamp", made["id"])["watts"] == 7


def test_p10_todays_mutations_are_not_touched(bank):
    pad = bank.pad(schema=3)
    assert code(push_today(bank, pad, lamp(pad, power=7))[0]) == "validation_failed"


def test_p10_what_no_machine_can_lift_is_parked_whole_with_what_depends_on_it(bank):
    pad = bank.pad(schema=1)
    made = lamp(pad, power="blinding")
    parked, patch = push_today(bank, pad, made, pad.patch(made["id"], "lamp", base={}, colour="red"))
    assert [code(parked), code(patch)] == ["schema_unknown", "depends_on"]
    review = bank.reviews(n=1)[0]
    assert (review["mutation"], review["schema"], review["must_act"]) == (made, 1, "administrator")


def test_p10_a_retry_over_a_server_update_is_still_the_same_mutation(bank):
    pad = bank.pad(schema=1)
    made = lamp(pad, watts=7)
    first = push_today(bank, pad, made, today=1)
    assert push_today(bank, pad, made, today=3) == first


def test_p10_what_is_tried_again_later_is_lifted_from_the_schema_it_came_with(bank):
    pad = bank.pad(schema=2)
    made = lamp(pad, power=7, branch_id="9999")
    assert code(push_today(bank, pad, made)[0]) == "not_in_scope"
    (review,) = bank.reviews()
    request = DecisionRequest(decision=Decision.RETRY, version=review["version"])
    context = today_for(bank, bank.supervisor(), 3)
    bank.store.write(lambda unit: judge_review(unit, review["id"], request, context, bank.area))
    assert bank.body("lamp", made["id"])["watts"] == 7
