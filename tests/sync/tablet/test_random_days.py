"""Random days: lines that fail in every way, tablets set back, a server restored, portfolios that come and go."""

from contextlib import suppress
from random import Random

import pytest

from sync.tablet.errors import LineFailed, NumbersExhausted
from sync.tablet.tablet import Tablet
from tests.support.wire import Fault, WireTransport
from tests.sync.tablet.town import BOTH, BRANCH, DAY, Person, Town, form, visit

SEEDS = 30
STEPS = 60
FAULTS = [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.REPEAT, Fault.DELAY]


class Day:
    """Three tablets of three people on one random day; `set_back` also sets tablets and the server back."""

    def __init__(self, seed: int, *, set_back: bool) -> None:
        self.random = Random(seed)
        self.town = Town(seed)
        self.set_back = set_back
        self.is_noisy = True
        self.people = [Person(f"M00{n}", BOTH, {"p1"}) for n in range(3)]
        self.customers = [self.town.put_customer(portfolio) for portfolio in ("p1", "p1", "p2")]
        self.tablets = [self.town.tablet(person, fault=self.fault) for person in self.people]
        self.snapshots: dict[int, bytes] = {}
        self.backup = self.town.store.backup()

    def fault(self, _call: str, _request: bytes) -> Fault:
        return self.random.choice(FAULTS) if self.is_noisy and self.random.random() < 0.2 else Fault.NONE

    def step(self) -> None:
        at = self.random.randrange(len(self.tablets))
        tablet, person = self.tablets[at], self.people[at]
        self.town.clock.pass_time(seconds=7)
        choice = self.random.random()
        if choice < 0.5:
            self.type(tablet)
        elif choice < 0.85:
            with suppress(LineFailed):
                tablet.sync()
        elif choice < 0.92:
            self.change_scope(person)
        elif self.set_back:
            self.set_something_back(at)

    def type(self, tablet: Tablet) -> None:
        forms = tablet.find("form")
        match self.random.randrange(6):
            case 0:
                tablet.create("form", form(name="x", tags=["a"]))
            case 1 | 2 if forms:
                chosen = self.random.choice(forms)
                tablet.patch(
                    "form", chosen.id, {"phone": str(self.random.random()), "copies": self.random.randrange(9)}
                )
            case 3:
                self.issue(tablet)
            case 4 if tablet.find("customer"):
                tablet.append("visit", visit(tablet.find("customer")[0].id))
            case 5 if tablet.find("ticket"):
                ticket = self.random.choice(tablet.find("ticket"))
                tablet.transition("ticket", ticket.id, self.random.choice(["called", "serving", "finished", "left"]))

    def issue(self, tablet: Tablet) -> None:
        tablet.serve_line(BRANCH, "A", DAY, want=4)
        with suppress(NumbersExhausted):
            tablet.issue_ticket(BRANCH, "A", DAY)

    def change_scope(self, person: Person) -> None:
        if "p2" in person.portfolios:
            person.portfolios.remove("p2")
            person.past["portfolio:p2"] = self.town.clock.read().wall
        else:
            person.portfolios.add("p2")
            person.past.pop("portfolio:p2", None)

    def set_something_back(self, at: int) -> None:
        tablet = self.tablets[at]
        match self.random.randrange(4):
            case 0:
                self.snapshots[at] = tablet.snapshot()
            case 1 if at in self.snapshots:
                back = self.town.reopen(tablet.install_id, self.people[at], self.snapshots[at], self.fault)
                self.tablets[at] = back
            case 2:
                self.backup = self.town.store.backup()
            case 3:
                self.town.store.restore(self.backup, self.town.new_id(), number_gap=100)

    def drain(self) -> None:
        """Let every line be good until nothing moves any more."""
        self.is_noisy = False
        for tablet in self.tablets:
            line = tablet._parts.transport
            assert isinstance(line, WireTransport)
            line.deliver_delayed()
        for _ in range(3):
            for tablet in self.tablets:
                tablet.sync()


def assert_whole(day: Day) -> None:
    for tablet, person in zip(day.tablets, day.people, strict=True):
        scope = person.buckets(tablet.install_id)
        held = {name: (one.n, one.d) for name, one in tablet.digest_report().items() if one.n}
        truth = {name: (one.n, one.d) for name, one in day.town.truth(tablet, person).items() if one.n}
        assert held == truth
        assert tablet.unsent_count() == 0
        assert not any(seen.pending for seen in tablet.find("form"))
        # An order whose bucket came back before the tablet heard of it is no order any more.
        lost = [order for order in day.town.engine.purge_orders(tablet.install_id) if not scope >= set(order.buckets)]
        assert lost == []
        database = tablet._parts.database
        bodies = database.execute("SELECT kind, id, version, body FROM record").fetchall()
        tables = day.town.store.tables
        for kind, id, version, body in bodies:
            stored = tables.records[next(key for key in tables.records if tuple(key) == (kind, id))]
            assert (stored.version, stored.body.decode()) == (version, body)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_any_day_both_ends_agree_and_nothing_is_lost(seed):
    day = Day(seed, set_back=False)
    for _ in range(STEPS):
        day.step()
    day.drain()
    assert_whole(day)
    for tablet in day.tablets:
        outcomes = tablet.outcomes()
        assert list(outcomes) == list(range(1, len(outcomes) + 1))
        assert {flag for it in outcomes.values() for flag in it.flags} <= {"after_revocation", "chain_gap"}
        assert [incident.bucket for incident in tablet.incidents()] == []


@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS))
def test_after_tablets_and_server_were_set_back_both_ends_agree_again(seed):
    day = Day(seed, set_back=True)
    for _ in range(STEPS):
        day.step()
    day.drain()
    assert_whole(day)
