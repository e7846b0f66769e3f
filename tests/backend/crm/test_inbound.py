"""What the central CRM says comes through one door: once, newer only, and holdings follow their customers."""

from random import Random

import pytest
from sqlalchemy import select

from backend.domain.customers.models import customer_key
from backend.storage.metadata import metadata
from sync.errors import Malformed
from sync.puts import Put
from sync.store import Key
from tests.backend.crm.town import CUSTOMER, HOLDING, RELATION, REMINDER

NUMBER, OTHER = "352601196001010015", "11010519491231002X"  # fictitious, of domain-rules.md §15


def hashes(town):
    chosen = select(customer_key.c.hash).where(customer_key.c.sort == "certificate")
    return town.store.read(lambda look: set(look.connection.scalars(chosen)))


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


def test_reminders_and_relations_move_with_their_customer(town):
    town.apply(town.event(1), town.event(1, kind="reminder"), town.event(1, kind="relation"))
    assert town.buckets("reminder", REMINDER) == town.buckets("relation", RELATION) == {"portfolio:p1"}
    report = town.apply(town.event(2, host_portfolio="p2", host_org="3502"))
    assert report.moved_holdings == 2
    assert town.buckets("reminder", REMINDER) == town.buckets("relation", RELATION) == {"portfolio:p2"}


def test_an_assisting_manager_sees_reminders_of_the_own_branch_and_family_but_no_guarantor(town):
    guarantor = RELATION.replace("f002", "f003")
    town.apply(
        town.event(1, assist_org="3502", assist_portfolio="p2"), town.event(1, kind="reminder"),
        town.event(1, kind="relation"), town.event(1, kind="relation", id=guarantor, role="01"),
    )  # fmt: skip
    assert town.buckets("reminder", REMINDER) == {"portfolio:p1"}
    assert town.buckets("relation", RELATION) == {"portfolio:p1", "portfolio:p2"}
    assert town.buckets("relation", guarantor) == {"portfolio:p1"}


def test_the_crm_does_not_undo_what_somebody_did_about_a_reminder_but_may_end_it(town):
    town.apply(town.event(1), town.event(1, kind="reminder"))
    done = town.body("reminder", REMINDER) | {"state": "done", "result": "called", "state_by": "f1"}
    town.engine.put_records([Put(kind="reminder", id=REMINDER, body=done)], "f1")
    town.apply(town.event(2, kind="reminder", text="again"))
    body = town.body("reminder", REMINDER)
    assert (body["state"], body["result"], body["state_by"], body["text"]) == ("done", "called", "f1", "again")
    other = REMINDER.replace("f001", "f009")
    town.apply(town.event(1, kind="reminder", id=other), town.event(2, kind="reminder", id=other, state="void"))
    assert town.body("reminder", other)["state"] == "void"


def test_of_a_certificate_the_door_keeps_a_hash_and_the_last_four(town):
    report = town.apply(town.event(1, certificate_no=[NUMBER, "E12345678"]))
    assert (town.body()["certificate_tail"], len(hashes(town)), report.doubtful_numbers) == ("0015", 2, 0)
    with town.store.engine.connect() as connection:
        rows = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert not any(NUMBER in row or "E12345678" in row for row in rows)


def test_the_newest_revisions_certificate_counts_whatever_the_order(town):
    town.apply(town.event(1, certificate_no=NUMBER))
    first = hashes(town)
    town.apply(town.event(3, certificate_no=OTHER), town.event(2, certificate_no=NUMBER))
    newest = hashes(town)
    assert newest.isdisjoint(first)
    town.apply(town.event(4, certificate_tail="002X"))
    assert hashes(town) == newest
    town.apply(town.event(5, certificate_tail="1111"))
    assert hashes(town) == set()


def test_a_wrong_identity_number_is_counted_and_found_all_the_same(town):
    assert town.apply(town.event(1, certificate_no=NUMBER[:-1] + "6")).doubtful_numbers == 1
    assert len(hashes(town)) == 1


@pytest.mark.parametrize("wrong", [5, ["1", "2", "3", "4"], ["1" * 41], None])
def test_certificates_that_are_no_numbers_are_refused_without_repeating_them(town, wrong):
    with pytest.raises(Malformed) as refused:
        town.apply(town.event(1, certificate_no=wrong))
    assert "1" * 41 not in str(refused.value)
