"""With no line a tablet has offers, scripts and the cap; what it notes counts once the line is back."""

from random import Random

import pytest
from sqlalchemy import select

from backend.domain.marketing.models import contact_entry
from backend.registry import KINDS
from contracts.clock import ClockEvidence
from sync.kind import Actor
from sync.moments import write_moment
from sync.signing import new_key, write_public_jwk
from sync.store import Install
from sync.tablet.errors import LineFailed
from sync.tablet.patience import Patience
from sync.tablet.tablet import Surroundings, Tablet
from tests.backend.doors.tablets import new_id
from tests.support.wire import Fault, WireTransport


class Lobby:
    """Lobby managers of one branch, each with a tablet; the line of all of them is there or is not."""

    def __init__(self, ledger):
        self.ledger, self.key, self.random, self.has_line = ledger, new_key(), Random(1), True

    def read(self):
        now = self.ledger.house.clock()
        return ClockEvidence(wall=write_moment(now), boot="b1", mono_ms=int(now.timestamp() * 1000))

    def tablet(self, staff_no, letter):
        install_id = new_id()
        install = Install(install_id=install_id, letter=letter, public_key=write_public_jwk(self.key.public_key()))
        self.ledger.store.write(lambda unit: unit.save_install(install))
        buckets = frozenset({"catalog", "branch:3501", f"staff:{staff_no}", f"install:{install_id}"})
        actor = Actor(
            install_id=install_id, staff_no=staff_no, org_id="3501", roles=frozenset({"lobby_manager"}), buckets=buckets
        )
        fault = lambda _call, _request: Fault.NONE if self.has_line else Fault.LOSE_REQUEST  # noqa: E731 - one line
        line = WireTransport(self.ledger.engine, install_id, lambda: actor, self, fault)
        patience = Patience(lambda _s: None, self.random, attempts_max=1)
        return Tablet.open(None, install_id, staff_no, line, Surroundings(self.key, self, self.random, patience))


@pytest.fixture
def url(sqlite_url):
    """The tablets' side is the same whatever the server keeps its records in."""
    return sqlite_url


@pytest.fixture
def lobby(ledger):
    return Lobby(ledger)


def card_at(tablet, ticket_id):
    (card,) = [view.body for view in tablet.find("card") if view.body["ticket_id"] == ticket_id]
    return KINDS["card"].defaults | card  # what is at its default stays off the wire


def note(tablet, ticket_id, stage, **fields):
    body = {"org_id": "3501", "ticket_id": ticket_id, "stage": stage, "happened_at": "2026-11-21T09:30:00+08:00"}
    return tablet.append("contact", body | fields).id


def test_two_managers_without_a_line_contact_one_household_and_both_count(ledger, lobby):
    product = ledger.product(labels=["deposit_potential"])
    ledger.put("script", code="s1", title="定期存款", products=[product], steps=[{"key": "open", "say": "您好"}])
    wife, husband, child = (ledger.customer(labels=["deposit_potential"]) for _ in range(3))
    for one, other, role in ((wife, husband, "07"), (child, wife, "05"), (child, husband, "05")):
        ledger.relate(one, other, role)
    tickets = [ledger.ticket(who, number=number) for number, who in enumerate((wife, husband, child), start=1)]
    first, second = lobby.tablet("l1", "A"), lobby.tablet("l2", "B")
    first.sync()
    second.sync()

    lobby.has_line = False
    (offer,) = card_at(first, tickets[0])["suggestions"]
    assert (offer["product_id"], offer["reasons"]) == (product, ["客户标签“存款潜力”"])
    assert [view.body["title"] for view in first.find("script") if product in view.body["products"]] == ["定期存款"]
    noted = {
        note(first, tickets[0], "approached"),
        note(first, tickets[0], "interested", product_id=product),
        note(second, tickets[1], "recommended", product_id=product),
    }
    with pytest.raises(LineFailed):
        first.sync()
    assert first.unsent_count() == 2
    assert not ledger.entries()

    lobby.has_line = True
    for tablet in (first, second, first):
        tablet.sync()
    assert ledger.entries().keys() == noted
    for tablet in (first, second):
        at_child = card_at(tablet, tickets[2])
        assert at_child["suggestions"] == []
        assert [one["barred_by"] for one in at_child["suppressed"]] == [["household_cap"]]
        under_way = card_at(tablet, tickets[0])
        assert [one["reasons"] for one in under_way["suggestions"]] == [["客户标签“存款潜力”", "客户近期表示过兴趣"]]
        assert {one["stage"] for one in under_way["contacts"]} == {"interested", "approached"}


def test_a_contact_that_comes_late_counts_though_its_ticket_is_over(ledger, lobby):
    ledger.product()
    own, spouse = ledger.customer(), ledger.customer()
    ledger.relate(spouse, own)
    ticket, waiting = ledger.ticket(own), ledger.ticket(spouse, number=2)
    tablets = [lobby.tablet("l1", "A"), lobby.tablet("l2", "B")]
    for tablet in tablets:
        tablet.sync()
    lobby.has_line = False
    for tablet in tablets:
        note(tablet, ticket, "approached")
    ledger.change("ticket", ticket, state="finished")
    lobby.has_line = True
    for tablet in (*tablets, tablets[0]):
        tablet.sync()
    customers = ledger.store.read(lambda look: set(look.connection.scalars(select(contact_entry.c.customer_id))))
    assert customers == {own}
    assert [one["barred_by"] for one in card_at(tablets[0], waiting)["suppressed"]] == [["household_cap"]]
