"""What a tablet tells a customer is stored with the ticket, with a line and without, and measured; it sorts alike."""

from random import Random

import pytest

from backend.domain.handoffs.paces import refresh_paces
from backend.domain.tickets.rules.line import order_line, place_of
from backend.domain.tickets.rules.live import told_wait
from contracts.clock import ClockEvidence
from contracts.kinds.counter import counter_id
from sync.kind import Actor
from sync.moments import write_moment
from sync.puts import Put
from sync.signing import new_key, write_public_jwk
from sync.store import Install
from sync.tablet.errors import LineFailed
from sync.tablet.patience import Patience
from sync.tablet.tablet import Surroundings, Tablet
from tests.backend.doors.tablets import new_id
from tests.support.wire import Fault, WireTransport

BRANCH, DAY = "3501", "2026-11-21"


class Pad:
    """A lobby manager's tablet, whose line is there or is not."""

    def __init__(self, house, clock, letter="Q"):
        self.clock, self.has_line, key = clock, True, new_key()
        install = Install(install_id=new_id(), letter=letter, public_key=write_public_jwk(key.public_key()))
        house.store.write(lambda unit: unit.save_install(install))
        buckets = frozenset({"catalog", f"branch:{BRANCH}", "staff:lobby", f"install:{install.install_id}"})
        actor = Actor(
            install_id=install.install_id, staff_no="lobby", org_id=BRANCH, roles=frozenset({"lobby_manager"}),
            buckets=buckets,
        )  # fmt: skip
        fault = lambda _call, _request: Fault.NONE if self.has_line else Fault.LOSE_REQUEST  # noqa: E731 - one line
        line = WireTransport(house.engine, install.install_id, lambda: actor, self, fault)
        patience = Patience(lambda _s: None, Random(1), attempts_max=1)
        around = Surroundings(key, self, Random(1), patience)
        self.tablet = Tablet.open(None, install.install_id, "lobby", line, around)

    def read(self):
        now = self.clock()
        return ClockEvidence(wall=write_moment(now), boot="b1", mono_ms=int(now.timestamp() * 1000))

    def issue(self, series="A"):
        return self.tablet.issue_ticket(BRANCH, series, DAY, tell=told_wait).body

    def places(self):
        return [place_of(view.id, {"state": "waiting", **view.body}) for view in self.tablet.find("ticket")]


@pytest.fixture
def pad(house, client, clock):
    body = {"branch_id": BRANCH, "counter_no": "1", "series": ["A"], "state": "open"}
    house.engine.put_records([Put(kind="counter", id=counter_id(BRANCH, "1"), body=body)], "test")
    pad = Pad(house, clock)
    pad.tablet.serve_line(BRANCH, "A", DAY, want=20)
    pad.tablet.sync()
    return pad


def told(body):
    return body.get("shown_lo_min"), body.get("shown_hi_min")


def test_what_a_tablet_tells_without_a_line_is_stored_and_measured(pad, clock, body, tablet):
    pad.has_line = False
    issued = [pad.issue() for _ in range(3)]
    with pytest.raises(LineFailed):
        pad.tablet.sync()
    assert [told(one) for one in issued] == [(0, 0), (0, 16), (3, 28)]
    tickets = sorted(pad.tablet.find("ticket"), key=lambda view: view.body["number"])
    for view, minutes in zip(tickets, (0.5, 8, 40), strict=True):
        clock.advance(minutes=minutes)
        pad.tablet.transition("ticket", view.id, "called", {"counter": "1"})
    pad.has_line = True
    pad.tablet.sync()
    assert [told(body("ticket", view.id)) for view in tickets] == [told(one) for one in issued]
    total = tablet.get(f"/lobby/day/{BRANCH}/{DAY}").json()["total"]
    assert (total["told"], total["coverage"]) == (3, 0.6667)


def test_with_a_line_a_tablet_tells_what_the_machine_tells(pad, machine):
    pad.issue()
    machine.ask("issue", series="A")
    pad.tablet.sync()
    from_tablet = told(pad.issue())
    pad.tablet.sync()
    from_machine = machine.ask("issue", series="A")
    assert from_tablet == (3, 28)
    assert (from_machine["wait_lo_min"], from_machine["wait_hi_min"]) == (7, 38)


def test_where_no_counter_is_open_nothing_is_told_and_nothing_stored(pad, house):
    body = {"branch_id": BRANCH, "counter_no": "1", "series": ["A"], "state": "paused"}
    house.engine.put_records([Put(kind="counter", id=counter_id(BRANCH, "1"), body=body)], "test")
    pad.tablet.sync()
    assert told(pad.issue()) == (None, None)


def test_an_elderly_customer_goes_first_whether_a_tablet_or_the_machine_issued_the_number(pad, machine, house):
    body = {"branch_id": BRANCH, "counter_no": "1", "series": ["A", "P"], "state": "open"}
    house.engine.put_records([Put(kind="counter", id=counter_id(BRANCH, "1"), body=body)], "test")
    pad.tablet.serve_line(BRANCH, "P", DAY, want=5)
    pad.tablet.sync()
    waiting = [pad.issue() for _ in range(3)]
    elderly = pad.issue("P")
    assert told(elderly) == (0, 0)
    assert told(waiting[2]) == (3, 28)
    pad.tablet.sync()
    assert machine.ask("issue", series="P")["ahead"] == 1
    assert machine.ask("call_next", counter="1")["display"] == f"P{elderly['number']:03d}"
    assert machine.ask("call_next", counter="1")["series"] == "P"
    assert machine.ask("call_next", counter="1")["number"] == waiting[0]["number"]


@pytest.mark.parametrize("behind", [0, 1, 2])
def test_a_returned_customer_waits_behind_as_many_on_the_tablet_as_the_server_says(pad, machine, house, clock, behind):
    missed, *others = [machine.ask("issue", series="A")["ticket_id"] for _ in range(4)]
    for word in ("call", "skip", "return"):
        clock.advance(minutes=1)
        machine.ask(word, ticket_id=missed, counter="1")
    assert refresh_paces(house.engine, house.store, clock(), 420, behind) == 1
    assert refresh_paces(house.engine, house.store, clock(), 420, behind) == 0
    pad.tablet.sync()
    (pace,) = pad.tablet.find("pace")
    places = pad.places()
    line = [place.id for place in order_line(places, places, behind=pace.body.get("returned_behind", 3))]
    assert line == [*others[:behind], missed, *others[behind:]]
