"""A tablet works with no line, comes back, and both ends agree."""

import msgspec
import pytest

from contracts.errors import ErrorCode
from sync.tablet.errors import LineFailed, OutboxOwned, SecretTyped
from tests.support.wire import Fault
from tests.sync.tablet.town import BRANCH, DAY, Once, assert_agrees, form, visit


def test_work_typed_with_no_line_reaches_the_other_tablet(town, wang, lin):
    here, there = town.tablet(wang), town.tablet(lin)
    made = here.create("form", form(name="陈大文", phone="13800000000"))
    here.patch("form", made.id, {"phone": "13900000000"})
    assert here.view("form", made.id).body["phone"] == "13900000000"
    report = here.sync()
    there.sync()
    assert (report.pushed, report.unsent) == (2, 0)
    assert there.view("form", made.id).body["phone"] == "13900000000"
    assert_agrees(town, here, wang)
    assert_agrees(town, there, lin)


def test_a_tablet_never_conflicts_with_itself(town, wang):
    tablet = town.tablet(wang)
    made = tablet.create("form", form(name="", tags=[], copies=1))
    for phone in ("", "1", "2", "", "3"):
        tablet.patch("form", made.id, {"phone": phone, "values.city": phone, "tags": ["a", phone]})
    tablet.sync()
    tablet.patch("form", made.id, {"phone": "4"})
    tablet.patch("form", made.id, {"phone": "5", "name": "x"})
    tablet.sync()
    assert {outcome.status for outcome in tablet.outcomes().values()} == {"applied"}
    assert tablet.view("form", made.id).body["phone"] == "5"


def test_the_overlay_stays_until_a_pull_has_shown_the_mutation(town, wang):
    fault = Once("pull", Fault.LOSE_ANSWER)
    tablet = town.tablet(wang, fault=fault)
    made = tablet.create("form", form(name="陈大文"))
    with pytest.raises(LineFailed):
        tablet.sync()
    assert tablet.unsent_count() == 0
    assert tablet.view("form", made.id).pending == (1,)
    tablet.sync()
    assert tablet.view("form", made.id).pending == ()
    assert tablet.view("form", made.id).version == 1


@pytest.mark.parametrize("fault", [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.DELAY, Fault.REPEAT])
@pytest.mark.parametrize("call", ["hello", "push", "pull"])
def test_a_call_that_goes_wrong_is_tried_again_and_counts_once(town, wang, call, fault):
    tablet = town.tablet(wang, fault=Once(call, fault), attempts_max=3)
    tablet.create("form", form(name="陈大文", copies=1))
    tablet.sync()
    tablet.sync()
    assert tablet.outcomes()[1].version == 1
    assert len(tablet.find("form")) == 1
    assert_agrees(town, tablet, wang)


def test_retries_wait_longer_by_lot_and_then_give_up(town, wang):
    tablet = town.tablet(wang, fault=lambda _call, _request: Fault.LOSE_REQUEST, attempts_max=5)
    with pytest.raises(LineFailed):
        tablet.sync()
    assert len(town.pauses_s) == 4
    assert all(0 <= pause <= 0.25 * 2**attempt for attempt, pause in enumerate(town.pauses_s))


def test_a_conflict_is_listed_until_a_person_settles_it(town, wang, lin):
    here, there = town.tablet(wang), town.tablet(lin)
    made = here.create("form", form(phone="1"))
    here.sync()
    there.sync()
    here.patch("form", made.id, {"phone": "2"})
    there.patch("form", made.id, {"phone": "3"})
    here.sync()
    there.sync()
    (open_item,) = there.unsettled()
    assert open_item.mutation.set == {"phone": "3"}
    assert open_item.outcome.fields[0].theirs == "2"
    assert there.view("form", made.id).body["phone"] == "2"
    review = there.find("review")[0]
    town.put("review", review.body | {"state": "kept"}, review.id)
    there.sync()
    assert there.unsettled() == []


def test_what_is_not_handed_in_counts_as_unsettled(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form())
    assert [item.outcome for item in tablet.unsettled()] == [None]
    with pytest.raises(OutboxOwned):
        tablet.switch_person("M999")
    tablet.sync()
    tablet.switch_person("M999")
    assert tablet.staff_no == "M999"


def test_a_secret_is_refused_before_it_is_stored(town, wang):
    tablet = town.tablet(wang)
    with pytest.raises(SecretTyped):
        tablet.create("form", form(values={"password": "123456"}))
    assert tablet.unsent_count() == 0


def test_two_counters_call_one_ticket_and_the_second_is_told(town, wang, lin):
    here, there = town.tablet(wang), town.tablet(lin)
    here.serve_line(BRANCH, "A", DAY)
    here.sync()
    ticket = here.issue_ticket(BRANCH, "A", DAY)
    assert ticket.body["number"] == 1
    here.sync()
    there.sync()
    here.transition("ticket", ticket.id, "called", {"counter": "1"})
    there.transition("ticket", ticket.id, "called", {"counter": "2"})
    assert there.view("ticket", ticket.id).body["counter"] == "2"
    here.sync()
    there.sync()
    assert there.view("ticket", ticket.id).body["counter"] == "1"
    assert there.outcomes()[1].problem.code == ErrorCode.SUPERSEDED.code


def test_a_proposal_shows_beside_the_value_until_the_crm_decides(town, chen):
    customer = town.put_customer("p1", phone="1380")
    tablet = town.tablet(chen)
    tablet.sync()
    tablet.propose("customer", customer, {"phone": "1390"}, reason="told me so")
    assert tablet.view("customer", customer).proposed == {"phone": "1390"}
    tablet.sync()
    seen = tablet.view("customer", customer)
    assert (seen.body["phone"], seen.proposed, seen.pending) == ("1380", {"phone": "1390"}, ())
    (request,) = tablet.find("request")
    town.put("request", request.body | {"state": "accepted"}, request.id)
    town.put_customer("p1", customer, phone="1390", crm_revision=2)
    tablet.sync()
    seen = tablet.view("customer", customer)
    assert (seen.body["phone"], seen.proposed) == ("1390", {})


def test_evidence_is_chained_signed_and_accepted_without_a_flag(town, chen):
    customer = town.put_customer("p1")
    tablet = town.tablet(chen)
    tablet.sync()
    made = [tablet.append("visit", visit(customer, next_step=str(step))) for step in range(3)]
    tablet.sync()
    chain = [tablet.view("visit", one.id).body for one in made]
    assert [outcome.flags for outcome in tablet.outcomes().values()] == [[], [], []]
    assert [body["prev"] for body in chain] == ["", chain[0]["hash"], chain[1]["hash"]]


def test_a_big_first_sync_shows_nothing_until_the_round_is_complete(town, chen):
    for _ in range(1500):
        town.put_customer("p1")
    tablet = town.tablet(chen, fault=Once("pull", Fault.LOSE_REQUEST, skip=1))
    with pytest.raises(LineFailed):
        tablet.sync()
    assert tablet.find("customer") == []
    tablet = town.reopen(tablet.install_id, chen, tablet.snapshot())
    assert tablet.sync().changes <= 501
    assert len(tablet.find("customer")) == 1500
    assert_agrees(town, tablet, chen)


def test_too_large_a_push_is_halved_until_it_fits(town, wang):
    tablet = town.tablet(wang)
    for _ in range(7):
        tablet.create("form", form())
    line = tablet._parts.transport
    line.refuse_push_above = 2
    assert tablet.sync().pushed == 7


def test_an_app_too_old_to_pull_still_hands_in(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form())
    line = tablet._parts.transport
    who = line.who
    line.who = lambda: _too_old(who())
    report = tablet.sync()
    assert report.must_update
    assert tablet.unsent_count() == 0


def _too_old(actor):
    return msgspec.structs.replace(actor, schema=0)


def test_numbers_run_out_into_the_overflow_series_and_unused_ones_go_back(town, wang):
    tablet = town.tablet(wang)
    tablet.serve_line(BRANCH, "A", DAY, want=3)
    tablet.sync()
    numbers = [tablet.issue_ticket(BRANCH, "A", DAY).body for _ in range(5)]
    assert [(body["number"], body.get("overflow")) for body in numbers] == [
        (1, None), (2, None), (3, None), (1, "A"), (2, "A"),
    ]  # fmt: skip
    tablet.sync()
    assert tablet.issue_ticket(BRANCH, "A", DAY).body["number"] == 4
    tablet.end_day(DAY)
    tablet.sync()
    report = town.engine.account_numbers(BRANCH, DAY)
    assert report.is_accounted
    assert report.lines[0].unused == [5, 6]
    assert {flag for outcome in tablet.outcomes().values() for flag in outcome.flags} == set()


def test_a_photo_follows_its_visit(town, chen):
    customer = town.put_customer("p1")
    tablet = town.tablet(chen, fault=Once("continue_upload", Fault.LOSE_REQUEST))
    id = town.new_id()
    photo = tablet.keep_photo("visit", id, b"\xff\xd8photo")
    tablet.append("visit", visit(customer, photos=[photo]), id=id)
    with pytest.raises(LineFailed):
        tablet.sync()
    tablet.sync()
    assert list(tablet._parts.transport.files.values()) == [b"\xff\xd8photo"]
    assert tablet._parts.transport.calls.count("begin_upload") == 1
