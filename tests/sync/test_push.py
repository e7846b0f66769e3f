"""Push, clause by clause: P1 to P10 of the protocol."""

import pytest
from msgspec import Raw

from contracts.policy import Op
from contracts.push import MUTATIONS_MAX, PushRequest
from contracts.version import SCHEMA
from sync.clock import DeviceClock
from sync.errors import EpochMismatch, NotFound, TooLarge
from tests.sync.bank import code

# --- P1: strictly by n, each once


def test_p1_a_retry_gets_the_first_answer_and_changes_nothing(bank, pad):
    batch = [pad.form(), pad.ticket(), {"n": 3, "kind": "nope"}]
    first = pad.push_raw(*batch)
    before = bank.store.tables
    assert pad.push_raw(*batch) == first
    assert pad.push_raw(*reversed(batch)) == first
    assert pad.push_raw(batch[1]).outcomes == [first.outcomes[1]]
    assert bank.store.tables.records == before.records
    assert bank.store.tables.buckets == before.buckets


def test_p1_a_used_number_with_other_content_is_parked_once_and_alarms(bank, pad):
    pad.do(pad.form())
    pad.n = 0
    other = pad.form(phone="1")
    outcome = pad.do(other)
    assert (outcome.status, code(outcome)) == ("parked", "mutation_reused")
    assert pad.do(other) == outcome
    (review,) = bank.reviews(cause="mutation_reused")
    assert review["mutation"] == other
    assert [entry.result for entry, _ in bank.store.tables.audit[f"install:{pad.install_id}"]] == [
        "ok",
        "mutation_reused",
    ]


def test_p1_twins_in_one_batch_are_one_mutation_and_one_that_alarms(bank, pad):
    said = pad.form()
    pad.n = 0
    twin = pad.form(phone="1")
    answer = pad.push_raw(said, said, twin)
    assert [(outcome.n, outcome.status) for outcome in answer.outcomes] == [
        (1, "applied"),
        (1, "applied"),
        (1, "parked"),
    ]
    assert (answer.ack_n, answer.expected_n) == (1, None)
    assert bank.find("form", twin["id"]) is None


def test_p1_what_lies_beyond_a_gap_is_not_looked_at(bank, pad):
    first, _lost, third = pad.form(), pad.form(), pad.form()
    answer = pad.push_raw(first, third)
    assert (answer.ack_n, answer.expected_n, len(answer.outcomes)) == (1, 2, 1)
    assert bank.find("form", third["id"]) is None


# --- P2, P3: a prefix, whatever happens; a refusal does not stop the queue


def test_p2_a_crash_at_any_step_of_a_push_leaves_nothing_of_it(bank, pad):
    customer = bank.customer()
    batch = [pad.ticket(), pad.visit(customer), pad.form()]
    steps: list[str] = []
    bank.store.on_step = steps.append
    before = bank.store.tables
    pad.push(*batch)
    bank.store.restore(before, before.epochs[-1], 0)
    for at in range(len(steps)):
        bank.store.on_step = crash_after(at)
        with pytest.raises(Crashed):
            pad.push(*batch)
        assert bank.store.tables.records == before.records
        assert bank.store.tables.installs == before.installs
    bank.store.on_step = lambda _name: None
    assert [outcome.status for outcome in pad.push(*batch)] == ["applied"] * 3


class Crashed(Exception):
    """The process ends here."""


def crash_after(count: int):
    left = iter(range(count))

    def step(_name: str) -> None:
        if next(left, None) is None:
            raise Crashed

    return step


def test_p3_a_refused_mutation_is_kept_whole_and_the_queue_moves_on(bank, pad):
    refused = pad.form(copies="many")
    outcomes = pad.push(refused, pad.form())
    assert [outcome.status for outcome in outcomes] == ["parked", "applied"]
    (review,) = bank.reviews()
    assert (review["mutation"], review["cause"], review["must_act"]) == (refused, "validation_failed", "author")


# --- P4: dependants of a parked creation


def test_p4_changes_to_a_record_whose_creation_is_parked_name_it(bank, pad):
    form = pad.form(copies="many")
    parked, patch, move = pad.push(
        form,
        pad.patch(form["id"], base={}, phone="1"),
        pad.say("form", "transition", form["id"], set={"to": "complete"}),
    )
    assert [code(one) for one in (patch, move)] == ["depends_on"] * 2
    assert {review["depends_on"] for review in bank.reviews(cause="depends_on")} == {parked.parked}


def test_p4_a_creation_that_cannot_even_be_read_has_dependants_too(bank, pad):
    form = {**pad.form(), "reason": "x" * 501}
    parked, patch = pad.push(form, pad.patch(form["id"], base={}, phone="1"))
    assert (code(parked), code(patch)) == ("validation_failed", "depends_on")


def test_p4_a_record_that_refers_to_a_parked_one_waits_as_well(bank, pad):
    customer = bank.new_id()
    parked, task = pad.push(
        pad.say("customer", "create", customer, set={"name": "x"}),
        pad.say("task", "create", set={"title": "t", "org_id": "3501", "assignee": "s-1", "customer_id": customer}),
    )
    assert (code(parked), code(task)) == ("op_not_allowed", "depends_on")


def test_p4_another_tablet_is_not_hindered_by_a_parked_creation(bank, pad):
    parked = pad.form(copies="many")
    pad.do(parked)
    other = bank.pad("s-2")
    assert code(other.do(other.patch(parked["id"], base={}, phone="1"))) == "not_in_scope"
    assert other.do(other.form() | {"id": parked["id"]}).status == "applied"


def test_p4_a_creation_of_an_unknown_kind_parks_and_stops_nobody(bank, pad):
    outcomes = pad.push(pad.say("spaceship", "create", set={"a": 1}), pad.ticket())
    assert [code(one) for one in outcomes] == ["kind_unknown", None]


# --- P5, P6, P7


def test_p5_a_pull_shows_effects_and_acknowledgement_together(bank, pad):
    assert pad.pull().ack_n == 0
    form = pad.form()
    pad.do(form)
    page = pad.pull()
    assert page.ack_n == 1
    assert form["id"] in {change.id for change in page.changes}


def test_p6_a_batch_beyond_the_limit_is_refused_as_a_whole(pad):
    with pytest.raises(TooLarge):
        pad.bank.engine.push(PushRequest(mutations=[Raw(b'{"n":1}')] * (MUTATIONS_MAX + 1)), pad.actor, DeviceClock())


def test_p7_after_a_restore_the_journal_heals_the_server(bank, pad):
    first = [pad.form(), pad.ticket(1)]
    answers = pad.push(*first)
    backup = bank.store.backup()
    later = [pad.ticket(2), pad.patch(first[0]["id"], base={"phone": ""}, phone="1")]
    old_epoch = bank.engine.hello(pad.install_id).epoch
    answers += pad.push(*later)
    lost = bank.store.tables.records
    bank.store.restore(backup, bank.new_id(), number_gap=100)
    bank.start()
    answer = pad.push_raw(pad.form(), epoch=old_epoch)
    assert (answer.ack_n, answer.expected_n, answer.outcomes) == (2, 3, [])
    assert pad.push(*first, *later) == answers
    assert {key: one.body for key, one in bank.store.tables.records.items()} == {
        key: one.body for key, one in lost.items()
    }


def test_a_push_to_a_database_that_never_was_is_refused(bank, pad):
    with pytest.raises(EpochMismatch):
        pad.push_raw(pad.form(), epoch=bank.new_id())


def test_an_install_that_was_never_enrolled_is_refused(bank, pad):
    pad.become(install_id=bank.new_id())
    with pytest.raises(NotFound):
        pad.do(pad.form())


# --- P8: after access ended


def test_p8_a_visit_made_before_the_portfolio_was_lost_is_accepted_and_flagged(bank, pad):
    customer = bank.customer("p-1")
    early = pad.visit(customer)
    bank.wait(hours=1)
    pad.become(buckets=pad.actor.buckets - {"portfolio:p-1"}, past={"portfolio:p-1": bank.at})
    bank.wait(hours=1)
    late = pad.visit(customer)
    outcomes = pad.push(early, late, pad.say("customer", "propose", customer, set={"phone": "1"}))
    assert [(one.status, code(one)) for one in outcomes] == [
        ("applied", None), ("parked", "not_in_scope"), ("parked", "not_in_scope")
    ]  # fmt: skip
    assert bank.body("visit", early["id"])["flags"] == ["after_revocation"]


def test_p8_a_visit_to_a_customer_who_moved_away_or_was_deleted_meanwhile_is_accepted(bank, pad):
    moved, deleted = bank.customer("p-1"), bank.customer("p-1")
    visits = [pad.visit(moved), pad.visit(deleted)]
    bank.wait(hours=1)
    bank.put("customer", {**bank.body("customer", moved), "host_portfolio": "p-2"}, moved)
    bank.put("customer", None, deleted)
    assert [one.flags for one in pad.push(*visits)] == [["after_revocation"]] * 2


def test_p8_never_having_had_access_is_no_access(bank, pad):
    assert code(pad.do(pad.visit(bank.customer("p-9")))) == "not_in_scope"


# --- P9: names the server does not know


def test_p9_an_unknown_field_is_refused_from_an_app_that_is_not_newer(bank, pad):
    assert code(pad.do(pad.form(colour="red"))) == "validation_failed"


def test_p9_an_unknown_field_of_a_newer_schema_is_kept_for_the_day_it_is_learned(bank, pad):
    pad.become(schema=SCHEMA + 1)
    form = pad.form(colour="red")
    patch = pad.patch(form["id"], base={}, seen=1, shape="round", phone="1")
    move = pad.say("form", "transition", form["id"], set={"to": "complete", "facts": {"mood": "good"}})
    assert [one.status for one in pad.push(form, patch, move)] == ["applied"] * 3
    body = bank.body("form", form["id"])
    assert body["extra"] == {"colour": "red", "shape": "round", "mood": "good"}
    assert (body["phone"], body["state"]) == ("1", "complete")


def test_p9_a_mutation_may_say_itself_that_it_is_newer(bank, pad):
    assert pad.do({**pad.form(colour="red"), "schema": SCHEMA + 1}).status == "applied"


def test_p9_a_newer_schema_still_may_not_write_what_only_the_server_writes(pad):
    pad.become(schema=SCHEMA + 1)
    form = pad.form(author="s-2")
    assert code(pad.do(form)) == "read_only_field"


@pytest.mark.parametrize(("kind", "op", "problem"), [
    ("spaceship", "create", "kind_unknown"), ("visit", "patch", "op_not_allowed"), ("form", "zap", "validation_failed"),
])  # fmt: skip
def test_p9_an_unknown_kind_or_operation_parks(pad, kind, op, problem):
    outcome = pad.do(pad.say(kind, op, set={}))
    assert (outcome.status, code(outcome)) == ("parked", problem)


# --- what tablets may not touch


@pytest.mark.parametrize("field", ["branch_id", "series", "business_date", "number", "overflow", "state"])
def test_the_number_on_a_customers_paper_is_fixed(pad, field):
    ticket = pad.ticket()
    pad.do(ticket)
    value = 5 if field == "number" else "B"
    assert code(pad.do(pad.patch(ticket["id"], "ticket", base={}, seen=1, **{field: value}))) == "read_only_field"


def test_every_operation_minds_who_may(bank, pad):
    form = pad.form()
    pad.do(form)
    pad.become(roles=frozenset())
    said = [pad.form(), pad.ticket(), pad.patch(form["id"], base={}, phone="1"), pad.say("form", "delete", form["id"])]
    assert [code(one) for one in pad.push(*said)] == ["not_in_scope"] * len(said)


def test_a_deleted_id_never_comes_back_and_deleting_twice_is_once(bank, pad):
    form = pad.form()
    again = {**pad.say("form", "create", form["id"], set=form["set"])}
    twice = pad.say(form["kind"], Op.DELETE.value, form["id"])
    outcomes = pad.push(form, pad.say("form", "delete", form["id"]) | {"n": 2}, again | {"n": 3}, twice | {"n": 4})
    assert [(one.status, code(one)) for one in outcomes] == [
        ("applied", None), ("applied", None), ("parked", "id_retired"), ("noop", None)
    ]  # fmt: skip


def test_the_same_creation_under_a_new_number_is_one_record(pad):
    form = pad.form(tags=["b", "a"], values={"k": 1})
    again = {**form, "n": 2}
    assert [one.status for one in pad.push(form, again)] == ["applied", "noop"]


def test_a_version_that_the_record_never_reached_proves_nothing(bank, pad):
    form = pad.form(phone="1")
    pad.push(form)
    other = bank.pad("s-2")
    other.do(other.say("form", "patch", form["id"], base_version=1, base={"phone": "1"}, set={"phone": "2"}))
    outcome = pad.do(pad.say("form", "patch", form["id"], base_version=2**53 - 1, set={"phone": "3"}))
    assert (outcome.status, bank.body("form", form["id"])["phone"]) == ("merged", "2")


def test_a_repeat_of_a_dispute_over_an_empty_field_gets_the_first_answer(bank, pad):
    form = pad.form(amount_fen=5)
    pad.push(form)
    other = bank.pad("s-2")
    other.do(other.say("form", "patch", form["id"], base_version=1, set={"amount_fen": None}))
    mine = pad.say("form", "patch", form["id"], base={"amount_fen": 5}, set={"amount_fen": 7})
    assert pad.push_raw(mine) == pad.push_raw(mine)


def test_an_author_may_withdraw_a_request_and_never_accept_it(bank, pad):
    customer = bank.customer()
    pad.do(pad.say("customer", "propose", customer, base={"phone": ""}, set={"phone": "138"}))
    (request,) = (key.id for key in bank.store.tables.records if key.kind == "request")
    for state in ("accepted", "rejected", "conflict"):
        assert code(pad.do(pad.say("request", "transition", request, set={"to": state}))) == "not_in_scope"
    assert pad.do(pad.say("request", "transition", request, set={"to": "withdrawn"})).status == "applied"
