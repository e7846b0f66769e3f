"""The same server, machine and tablets as the line's own tests."""

import pytest

from backend.domain.handoffs.lobby_days import keep_days
from backend.domain.handoffs.paces import refresh_paces
from tests.backend.doors.tablets import HttpTablet
from tests.backend.line.conftest import (
    app,
    body,
    client,
    clock,
    database_url,
    house,
    machine,
    make_machine,
    staffing,
)

__all__ = [
    "app", "body", "client", "clock", "database_url", "house", "machine", "make_machine", "staffing",
]  # fmt: skip


class Patient(HttpTablet):
    """A tablet whose person signs in again before every look, however long ago the one before was."""

    def __init__(self, staffing, staff_no: str) -> None:
        plain = staffing.tablet(staff_no)
        super().__init__(plain.client, plain.tablet)
        self.staff_no = staff_no

    @property
    def headers(self) -> dict[str, str]:
        self.tablet.sign_in(self.staff_no)
        return super().headers


@pytest.fixture
def tablet(staffing):
    """A lobby manager's in branch 3501."""
    return Patient(staffing, "lobby")


@pytest.fixture
def supervisor(staffing):
    """Whoever answers for bank 35, with branches 3501 and 3502."""
    staffing.hire("boss", "35", "supervisor")
    return Patient(staffing, "boss")


@pytest.fixture
def live_a_morning(machine, clock):
    """Serve customers at counter 1: each waits, is called after five minutes more than the one before, and served."""

    def live(customers=3, source=machine, counter="1"):
        ids = [source.ask("issue", series="A")["ticket_id"] for _ in range(customers)]
        for id in ids:
            for word, minutes in (("call", 2), ("serving", 1), ("finish", 6)):
                clock.advance(minutes=minutes)
                source.ask(word, ticket_id=id, counter=counter)
        return ids

    return live


@pytest.fixture
def keep(house, clock):
    """Let the timed work of the lobby run."""

    def run():
        paces = refresh_paces(house.engine, house.store, clock(), house.lobby.prior_s)
        return paces, keep_days(house.store, clock(), house.lobby.savings)

    return run
