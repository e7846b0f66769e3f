"""Reviews: what machines should not decide, who may decide it, and what follows (protocol.md §5)."""

import msgspec
import pytest

from contracts.review import Decision
from sync.errors import AlreadyDecided, Forbidden, Malformed, NotFound, OwnWork, StillRefused
from sync.kind import Actor
from tests.sync.bank import BRANCH, Bank

KEEP, OVERRIDE, RETRY, EDIT, DISCARD = Decision


@pytest.fixture
def boss(bank: Bank) -> Actor:
    return bank.supervisor()


def dispute(bank, pad):
    """Let two people change one field and return the record's id and the review."""
    form = pad.form()
    pad.do(form)
    theirs = bank.pad("s-2")
    theirs.do(theirs.patch(form["id"], base={"phone": ""}, seen=1, phone="137"))
    outcome = pad.do(pad.patch(form["id"], base={"phone": ""}, seen=1, phone="139"))
    (review,) = bank.reviews(cause="field_conflict")
    assert [one.conflict for one in outcome.fields] == [review["id"]]
    return form["id"], review


# --- the decisions


def test_a_disputed_field_waits_for_a_supervisor_and_the_servers_value_stands(bank, pad):
    id, review = dispute(bank, pad)
    assert bank.body("form", id)["phone"] == "137"
    assert (review["must_act"], review["sort"], review["state"]) == ("supervisor", "conflict", "open")


def test_the_author_hears_of_the_decision_in_the_installs_bucket(bank, pad, boss):
    _, review = dispute(bank, pad)
    cursor = pad.pull_all()[-1].cursor
    bank.decide(review, KEEP, boss)
    (change,) = pad.pull(cursor).changes
    assert (change.b, change.id, msgspec.json.decode(change.d)["state"]) == (
        f"install:{pad.install_id}", review["id"], "kept"
    )  # fmt: skip


def test_to_keep_leaves_the_record_as_it_is(bank, pad, boss):
    id, review = dispute(bank, pad)
    bank.decide(review, KEEP, boss)
    assert bank.find("form", id).version == 2


def test_to_override_puts_the_losers_value_there_as_a_new_version(bank, pad, boss):
    id, review = dispute(bank, pad)
    bank.decide(review, OVERRIDE, boss)
    stored = bank.find("form", id)
    assert (bank.body("form", id)["phone"], stored.version, stored.changed_by) == ("139", 3, "boss")
    assert bank.store.tables.audit[f"org:{BRANCH}"][-1][0].detail["made"] == [f"form/{id}/3"]


def test_to_override_with_a_third_value_touches_only_what_was_disputed(bank, pad, boss):
    id, review = dispute(bank, pad)
    bank.decide(review, OVERRIDE, boss, phone="140", remark="sneaked in")
    assert (bank.body("form", id)["phone"], bank.body("form", id)["remark"]) == ("140", "")


def test_to_discard_needs_a_reason(bank, pad, boss):
    _, review = dispute(bank, pad)
    with pytest.raises(Malformed):
        bank.decide(review, DISCARD, boss, reason="  ")
    assert bank.decide(review, DISCARD, boss, reason="a joke").body["state"] == "discarded"


def test_to_retry_tries_again_as_the_author_beyond_their_scope(bank, pad, boss):
    task = pad.say("task", "create", set={"title": "t", "org_id": BRANCH, "assignee": "s-9"})
    ticket = pad.ticket(branch_id="9999")
    pad.push(task, ticket)
    (review,) = bank.reviews(cause="not_in_scope")
    bank.decide(review, RETRY, boss)
    assert bank.body("ticket", ticket["id"])["state_by"] == "s-1"
    assert bank.find("review", review["id"]).version == 2


def test_a_retry_reaches_no_further_than_the_supervisors_area(bank, pad, boss):
    pad.push(pad.ticket(branch_id="8888"))
    (review,) = bank.reviews(cause="not_in_scope")
    with pytest.raises(StillRefused):
        bank.decide(review, RETRY, boss)


def test_a_retried_ticket_is_judged_by_its_installs_leases_and_accounted_for(bank, pad, boss):
    pad.lease()
    pad.become(roles=frozenset())
    ticket = pad.ticket(3)
    pad.do(ticket)
    bank.decide(bank.reviews()[0], RETRY, boss)
    assert bank.body("ticket", ticket["id"])["flags"] == []
    (line,) = bank.engine.account_numbers(BRANCH, ticket["set"]["business_date"]).lines
    assert line.issued == [3]


def test_a_retried_visit_goes_on_to_the_central_crm(bank, pad, boss):
    customer = bank.customer("p-9")
    visit = pad.visit(customer)
    pad.do(visit)
    assert bank.store.tables.outbox == []
    bank.decide(bank.reviews()[0], RETRY, boss)
    assert [one.id for one in bank.store.tables.outbox] == [visit["id"]]
    assert bank.body("visit", visit["id"])["author"] == "s-1"


def test_a_retry_that_is_refused_again_says_why_and_leaves_the_review_open(bank, pad, boss):
    pad.do(pad.form(copies="many"))
    (review,) = bank.reviews()
    with pytest.raises(StillRefused) as refused:
        bank.decide(review, RETRY, boss)
    assert refused.value.args_of_problem["code"] == "validation_failed"
    assert bank.reviews() == [review]


def test_a_retry_that_meets_a_new_dispute_opens_a_new_review_for_it(bank, pad, boss):
    form = pad.form()
    pad.do(form)
    pad.become(roles=frozenset())
    pad.do(pad.patch(form["id"], base={"phone": ""}, seen=1, phone="139"))
    other = bank.pad("s-2")
    other.do(other.patch(form["id"], base={"phone": ""}, seen=1, phone="137"))
    bank.decide(bank.reviews(cause="not_in_scope")[0], RETRY, boss)
    (review,) = bank.reviews(cause="field_conflict")
    assert (review["state"], review["fields"][0]["mine"], review["author"]) == ("open", "139", "s-1")


def test_to_edit_applies_what_was_corrected(bank, pad, boss):
    form = pad.form(copies="many", phone="1")
    pad.do(form)
    item = bank.decide(bank.reviews()[0], EDIT, boss, copies=2)
    body = bank.body("form", form["id"])
    assert (item.body["state"], body["copies"], body["phone"], body["author"]) == ("edited", 2, "1", "s-1")


def test_dependants_are_tried_again_after_the_creation_they_waited_for(bank, pad, boss):
    form = pad.form(copies="many")
    patches = [pad.patch(form["id"], base={"phone": was}, phone=now) for was, now in (("", "1"), ("1", "2"))]
    pad.push(form, *patches)
    creation, *dependants = bank.reviews()
    with pytest.raises(StillRefused):
        bank.decide(dependants[0], RETRY, boss)
    bank.decide(creation, EDIT, boss, copies=1)
    for review in dependants:
        bank.decide(review, RETRY, boss)
    assert bank.body("form", form["id"])["phone"] == "2"
    assert bank.reviews(state="open") == []


def test_a_patch_that_lost_to_a_deletion_can_be_revived_as_a_new_record(bank, pad, boss):
    form = pad.form()
    other = bank.pad("s-2")
    pad.do(form)
    other.do(other.say("form", "delete", form["id"]))
    outcome = pad.do(pad.patch(form["id"], base={}, seen=1, phone="139"))
    assert outcome.problem is not None
    assert outcome.problem.code == "gone"
    (review,) = bank.reviews()
    assert review["must_act"] == "author"
    bank.decide(review, EDIT, boss, branch_id=BRANCH, template_id=bank.new_id())
    (revived,) = [key.id for key, one in bank.store.tables.records.items() if key.kind == "form" and one.body]
    assert revived != form["id"]
    assert (bank.body("form", revived)["phone"], bank.find("form", form["id"]).standing) == ("139", "deleted")


# --- who may decide


def test_nobody_decides_about_their_own_work(bank, pad):
    _, review = dispute(bank, pad)
    with pytest.raises(OwnWork):
        bank.decide(review, OVERRIDE, bank.supervisor("s-1"))


def test_an_author_settles_what_asks_for_the_author(bank, pad):
    form = pad.form(copies="many")
    pad.do(form)
    bank.decide(bank.reviews()[0], EDIT, pad.actor, copies=3)
    assert bank.body("form", form["id"])["copies"] == 3


def test_an_author_gains_no_rights_by_deciding(bank, pad):
    pad.do(pad.ticket(branch_id="9999", number="x"))
    (review,) = bank.reviews()
    assert review["must_act"] == "author"
    with pytest.raises(StillRefused) as refused:
        bank.decide(review, EDIT, pad.actor, number=1)
    assert refused.value.args_of_problem["code"] == "not_in_scope"


def test_an_author_who_lost_the_record_does_not_override_it_any_more(bank, pad):
    _, review = ask_dispute(bank, pad)
    assert review["must_act"] == "author"
    pad.become(buckets=pad.actor.buckets - {f"branch:{BRANCH}"})
    with pytest.raises(Forbidden):
        bank.decide(review, OVERRIDE, pad.actor)


def ask_dispute(bank, pad):
    form = pad.form()
    pad.do(form)
    other = bank.pad("s-2")
    other.do(other.patch(form["id"], base={"amount_fen": None}, seen=1, amount_fen=7))
    pad.do(pad.patch(form["id"], base={"amount_fen": None}, seen=1, amount_fen=5))
    (review,) = bank.reviews(cause="field_conflict")
    return form["id"], review


def test_an_author_who_still_has_the_record_may_override_what_asked_for_them(bank, pad):
    id, review = ask_dispute(bank, pad)
    bank.decide(review, OVERRIDE, pad.actor)
    assert bank.body("form", id)["amount_fen"] == 5


def test_outside_the_area_there_is_no_review(bank, pad, boss):
    far = bank.pad("s-3", branch="9999")
    far.do(far.form(copies="many"))
    (review,) = bank.reviews()
    for actor in (boss, pad.actor):
        with pytest.raises(NotFound):
            bank.decide(review, KEEP, actor)


def test_the_second_decision_is_too_late(bank, pad, boss):
    _, review = dispute(bank, pad)
    bank.decide(review, KEEP, boss)
    with pytest.raises(AlreadyDecided):
        bank.decide(review, OVERRIDE, bank.supervisor("other"))


def test_what_only_informs_is_decided_already(bank, pad, boss):
    ticket = pad.ticket()
    pad.push(ticket, pad.move(ticket["id"], "called"), pad.move(ticket["id"], "called"))
    with pytest.raises(AlreadyDecided):
        bank.decide(bank.reviews(cause="superseded")[0], KEEP, boss)


@pytest.mark.parametrize("decision", [RETRY, EDIT])
def test_what_was_applied_in_part_is_not_tried_again(bank, pad, boss, decision):
    _, review = dispute(bank, pad)
    with pytest.raises(Malformed):
        bank.decide(review, decision, boss, phone="1")


def test_a_secret_does_not_come_in_by_a_decision(bank, pad, boss):
    form = pad.form(copies="many")
    pad.do(form)
    with pytest.raises(Malformed):
        bank.decide(bank.reviews()[0], EDIT, boss, copies=1, values={"a": {"pin": "1234"}})


def test_evidence_is_never_edited(bank, pad, boss):
    pad.do(pad.visit(bank.customer("p-9")))
    with pytest.raises(Forbidden):
        bank.decide(bank.reviews()[0], EDIT, boss, content="better")


# --- privacy (I5)


def test_a_review_holds_the_authors_words_and_never_the_other_sides(bank, pad):
    _, review = dispute(bank, pad)
    assert "137" not in str(review)
    assert review["fields"][0]["mine"] == "139"


def test_a_repeat_after_access_was_lost_tells_nothing_of_the_other_side(bank, pad):
    form = pad.form()
    pad.do(form)
    other = bank.pad("s-2")
    other.do(other.patch(form["id"], base={"phone": ""}, seen=1, phone="137"))
    said = pad.patch(form["id"], base={"phone": ""}, seen=1, phone="139")
    assert pad.do(said).fields[0].theirs == "137"
    pad.become(buckets=pad.actor.buckets - {f"branch:{BRANCH}"})
    (field,) = pad.do(said).fields
    assert (field.theirs, field.theirs_by, field.mine) == (None, None, "139")


def test_a_whole_record_that_does_not_hold_is_a_conflict_and_nothing_is_applied(bank, pad, boss):
    form = pad.form()
    pad.do(form)
    other = bank.pad("s-2")
    other.do(other.patch(form["id"], base={"remark": ""}, seen=1, remark="a" * 1500))
    outcome = pad.do(pad.patch(form["id"], base={"remark": ""}, seen=1, remark="b" * 1500, phone="1"))
    assert (outcome.status, outcome.problem and outcome.problem.code) == ("conflict", "validation_failed")
    assert bank.body("form", form["id"])["phone"] == ""
    bank.decide(bank.reviews()[0], EDIT, boss, remark="short")
    assert bank.body("form", form["id"])["phone"] == "1"


def test_a_field_is_never_credited_to_whoever_changed_another_one_later(bank, pad):
    form, theirs = pad.form(), bank.pad("s-2")
    pad.do(form)
    theirs.do(theirs.patch(form["id"], base={"phone": ""}, seen=1, phone="137"))
    (told,) = pad.do(pad.patch(form["id"], base={"phone": ""}, seen=1, phone="139")).fields
    assert (told.theirs_by, told.theirs_at) == ("s-2", bank.at)
    pad.do(pad.patch(form["id"], base={"remark": ""}, seen=1, remark="a note of one's own"))
    (told,) = pad.do(pad.patch(form["id"], base={"phone": ""}, seen=1, phone="139")).fields
    assert (told.theirs, told.theirs_by, told.theirs_at) == ("137", None, None)
