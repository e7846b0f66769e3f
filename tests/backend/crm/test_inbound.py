"""What the central CRM says comes through one door: once, newer only, and holdings follow their customers."""

from random import Random

from sync.store import Key
from tests.backend.crm.town import CUSTOMER, HOLDING


def test_an_event_seen_before_changes_nothing(town):
    event = town.event(1, phone="1")
    first = town.apply(event, event)
    assert (first.applied, first.repeated) == (1, 1)
    again = town.apply(event, event)
    assert (again.applied, again.repeated) == (0, 2)
    assert town.apply(town.event(2, phone="2"), event).applied == 1
    assert town.body()["phone"] == "2"


def test_marks_of_old_events_are_forgotten_and_a_late_repeat_changes_nothing_all_the_same(town):
    old = town.event(1, phone="1")
    town.apply(old)
    town.house.clock.advance(days=91)
    town.apply(town.event(2, phone="2"))
    late = town.apply(old)
    assert (late.repeated, late.stale, late.applied) == (0, 1, 0)
    assert town.body()["phone"] == "2"


def test_an_older_revision_does_not_undo_a_newer_one(town):
    town.apply(town.event(5, phone="new"))
    late = town.apply(town.event(4, phone="old"), town.event(5, phone="same revision"))
    assert (late.applied, late.stale) == (0, 2)
    assert town.body()["phone"] == "new"


def test_any_order_of_events_ends_at_the_highest_revision(town):
    events = [town.event(revision, phone=str(revision)) for revision in range(1, 9)]
    Random(3).shuffle(events)
    for event in events:
        town.apply(event)
    assert (town.body()["phone"], town.body()["crm_revision"]) == ("8", 8)


def test_events_of_one_batch_are_applied_in_their_order_and_leave_one_version(town):
    report = town.apply(town.event(1, phone="1"), town.event(3, phone="3"), town.event(2, phone="2"))
    assert (report.applied, report.stale) == (1, 2)
    assert town.body()["phone"] == "3"


def test_holdings_move_with_their_customer(town):
    town.apply(town.event(1), town.event(1, kind="holding"))
    assert town.buckets("holding", HOLDING) == {"portfolio:p1"}
    report = town.apply(town.event(2, host_portfolio="p2", host_org="3502"))
    assert report.moved_holdings == 1
    assert town.buckets("customer", CUSTOMER) == {"portfolio:p2"}
    assert town.buckets("holding", HOLDING) == {"portfolio:p2"}
    assert town.body("holding", HOLDING)["crm_revision"] == 1


def test_an_assisting_manager_sees_only_the_holdings_of_the_own_branch(town):
    elsewhere = HOLDING.replace("d001", "d002")
    town.apply(
        town.event(1, assist_org="3502", assist_portfolio="p2"),
        town.event(1, kind="holding"),
        town.event(1, kind="holding", id=elsewhere, org_id="3502"),
    )
    assert town.buckets("holding", HOLDING) == {"portfolio:p1"}
    assert town.buckets("holding", elsewhere) == {"portfolio:p1", "portfolio:p2"}
    town.apply(town.event(2))
    assert town.buckets("holding", elsewhere) == {"portfolio:p1"}


def test_a_holding_that_comes_before_its_customer_is_seen_by_nobody_until_then(town):
    town.apply(town.event(1, kind="holding"))
    assert town.buckets("holding", HOLDING) == set()
    town.apply(town.event(1))
    assert town.buckets("holding", HOLDING) == {"portfolio:p1"}


def test_a_tablet_that_loses_the_customer_is_told_that_the_record_moved(town):
    town.apply(town.event(1), town.event(1, kind="holding"))
    town.apply(town.event(2, host_portfolio="p2", host_org="3502"))
    rows = town.store.read(lambda look: look.rows("portfolio:p1", 0, 100))
    assert {(row.kind, row.x) for row in rows} == {("customer", "moved"), ("holding", "moved")}


def test_more_events_than_fit_one_transaction_are_all_applied(town):
    ids = [f"00000000-0000-4000-8000-{at:012x}" for at in range(1, 702)]
    report = town.apply(*(town.event(1, id=id) for id in ids))
    assert report.applied == 701
    found = town.store.read(lambda look: look.records([Key("customer", id) for id in ids]))
    assert len(found) == 701


def test_a_field_that_the_crm_emptied_is_empty(town):
    town.apply(town.event(1, phone="1", email="a@b.example"))
    town.apply(town.event(2, phone="2"))
    assert town.body()["email"] == ""
