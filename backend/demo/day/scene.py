"""What every story of the day needs: the bank, the branches, the people, and somebody who tells it."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct

from backend.app import House
from backend.demo.bank import Bank
from backend.demo.day.branch import Branch
from backend.demo.day.clock import DayClock
from backend.demo.day.crew import Desk, Worker, settle
from backend.demo.day.field import Field
from backend.demo.day.lobby import Lobby
from backend.demo.day.tale import Tale

T = TypeVar("T")

Happening = tuple[int, Callable[[], None]]  # minute of the day, what happens

TRIES_MAX, TRY_S = 200, 0.02  # what follows from a push may be there some moments after its answer


class Scene(Struct, frozen=True, kw_only=True):
    """The day's stage; lobbies and fields by staff number, branches by institution."""

    house: House
    bank: Bank
    day: DayClock
    tale: Tale
    branches: Mapping[str, Branch]
    lobbies: Mapping[str, Lobby]
    fields: Mapping[str, Field]
    supervisor: Desk
    administrator: Desk

    def note(self, text: str) -> None:
        """Tell something at the end of this hour."""
        self.tale.note(self.day.hour(), text)


def at(hour: int, minute: int) -> int:
    """Return a time as the minute of the day."""
    return hour * 60 + minute


def sync_until(worker: Worker, look: Callable[[], T | None]) -> T:
    """Sync until something can be seen on a tablet, and return it."""
    for _ in range(TRIES_MAX):
        settle(worker)
        if (found := look()) is not None:
            return found
        time.sleep(TRY_S)
    raise AssertionError(f"{worker.name} never saw what follows from the work")
