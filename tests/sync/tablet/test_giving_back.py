"""What is not theirs any more leaves the tablet, with a receipt; what was typed stays."""

import pytest

from sync.tablet.errors import LineFailed, Refused
from tests.support.wire import Fault
from tests.sync.tablet.town import Once, assert_agrees, form, visit


def test_a_portfolio_that_is_taken_away_is_purged_with_a_signed_receipt(town, chen):
    kept, gone = town.put_customer("p1"), town.put_customer("p2")
    chen.portfolios.add("p2")
    tablet = town.tablet(chen)
    tablet.sync()
    tablet.append("visit", visit(gone))
    chen.portfolios.remove("p2")
    chen.past["portfolio:p2"] = "2026-11-21T01:00:00.001Z"
    tablet.sync()
    assert [seen.id for seen in tablet.find("customer")] == [kept]
    assert tablet.outcomes()[1].status == "applied"
    assert town.engine.purge_orders(tablet.install_id) == []
    (purge,) = town.store.read(lambda snapshot: snapshot.purges(tablet.install_id))
    assert b'"deleted":1' in purge.receipt
    assert_agrees(town, tablet, chen)


def test_a_customer_in_two_portfolios_stays_until_the_last_drops_it(town, chen):
    chen.portfolios.add("p2")
    shared = town.put_customer("p1", assist_portfolio="p2")
    tablet = town.tablet(chen)
    tablet.sync()
    town.put_customer("p1", shared)
    tablet.sync()
    assert tablet.view("customer", shared) is not None
    town.put_customer("p9", shared)
    tablet.sync()
    assert tablet.view("customer", shared) is None
    assert_agrees(town, tablet, chen)


def test_a_revoked_tablet_deletes_everything_but_what_it_could_not_hand_in(town, chen):
    customer = town.put_customer("p1")
    tablet = town.tablet(chen)
    tablet.sync()
    tablet.append("visit", visit(customer))
    tablet.sync()
    tablet.append("visit", visit(customer))
    chen.revoked = town.engine.order_purge(tablet.install_id)
    with pytest.raises(Refused, match="revoked"):
        tablet.sync()
    assert tablet.digest_report() == {}
    assert tablet.find("customer") == []
    assert [item.n for item in tablet.unsettled()] == [2]
    assert town.engine.purge_orders(tablet.install_id) == []


def test_a_receipt_that_a_backup_has_no_order_for_stops_nothing(town, chen):
    tablet = town.tablet(chen, fault=Once("acknowledge_purges", Fault.LOSE_REQUEST))
    town.put_customer("p1")
    tablet.sync()
    backup = town.store.backup()
    chen.portfolios.clear()
    with pytest.raises(LineFailed):
        tablet.sync()
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet.sync()
    assert tablet.find("customer") == []
    assert_agrees(town, tablet, chen)


def test_a_person_who_comes_after_a_revoked_one_begins_with_an_empty_tablet(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="x"))
    tablet.sync()
    town.engine.order_purge(tablet.install_id)
    again = town.reopen(tablet.install_id, wang, tablet.snapshot())
    report = again.sync()
    assert report.changes >= 1  # everything was sent anew
    assert town.engine.purge_orders(tablet.install_id) == []
    assert_agrees(town, again, wang)


def test_a_tablet_long_out_of_contact_deletes_its_replica_and_keeps_what_was_typed(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="handed in"))
    tablet.sync()
    typed = tablet.create("form", form(name="typed"))
    town.clock.pass_time(days=7)
    assert not tablet.lock_if_out_of_contact()
    town.clock.pass_time(hours=1)
    assert tablet.lock_if_out_of_contact()
    assert [seen.id for seen in tablet.find("form")] == [typed.id]
    tablet.sync()
    assert len(tablet.find("form")) == 2
    assert_agrees(town, tablet, wang)
