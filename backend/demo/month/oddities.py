"""What is odd about some visits: each changes what the tablet signs, as the thing itself would."""

from collections.abc import Callable
from datetime import timedelta
from math import cos, radians
from typing import TYPE_CHECKING

from msgspec import Struct

from backend.demo.customers import M_PER_DEGREE
from contracts.base import Body

if TYPE_CHECKING:
    from backend.demo.month.rounds import Rounds

Change = Callable[["Rounds", str, Body], None]  # the manager, the visit's id, and what is signed


class Oddity(Struct, frozen=True, kw_only=True):
    """What really happened, and what it does to what is signed."""

    told: str = ""  # empty: nothing to look at
    change: Change = lambda _rounds, _id, _said: None
    off: timedelta = timedelta(0)  # how wrong the wall clock stands from this visit until the next morning


def weak_signal(accuracy_m: float) -> Oddity:
    """The receiver saw hardly any satellites."""

    def change(_rounds: "Rounds", _id: str, said: Body) -> None:
        for fix in (*said["check_in"], *said["check_out"]):
            fix |= {"accuracy_m": accuracy_m, "satellites": 3, "provider": "network"}

    return Oddity(told=f"bad signal: {accuracy_m:.0f} m accuracy", change=change)


def at_the_edge(distance: float, accuracy: float) -> Oddity:
    """Somewhere near the place, so that the accuracy leaves it open; both as parts of its radius."""

    def change(rounds: "Rounds", _id: str, said: Body) -> None:
        radius_m = rounds.place_of(said["customer_id"])["radius_m"]
        _shift(said, distance * radius_m)
        for fix in said["check_in"]:
            fix["accuracy_m"] = accuracy * radius_m

    return Oddity(told=f"{distance} radii from the door, {accuracy} radii accuracy", change=change)


def elsewhere(distance_m: float) -> Oddity:
    """Not where any place of the customer is."""
    return Oddity(
        told=f"logged {distance_m / 1000:.1f} km away", change=lambda _rounds, _id, said: _shift(said, distance_m)
    )  # fmt: skip


def _mock(_rounds: "Rounds", _id: str, said: Body) -> None:
    for fix in (*said["check_in"], *said["check_out"]):
        fix["is_mock"] = True


def _hide(_rounds: "Rounds", _id: str, said: Body) -> None:
    said["check_in"], said["check_out"] = [], []


def _call(rounds: "Rounds", id: str, said: Body) -> None:
    _hide(rounds, id, said)
    said["type"] = "phone"


def _copy(rounds: "Rounds", _id: str, said: Body) -> None:
    said["content"] = rounds.contents[0]


def _photograph(rounds: "Rounds", id: str, said: Body) -> None:
    said["photos"] = [rounds.photograph(id)]


def _reuse(rounds: "Rounds", _id: str, said: Body) -> None:
    said["photos"] = [rounds.pictures[0]]


MOCKED = Oddity(told="another program makes up the location", change=_mock)
NO_FIX = Oddity(told="in a cellar, no location at all", change=_hide)
BY_PHONE = Oddity(told="a telephone call, logged as one", change=_call)
COPIED = Oddity(told="the text of an earlier visit, pasted", change=_copy)
PHOTOGRAPHED = Oddity(change=_photograph)
REUSED = Oddity(told="the same photo at another customer's", change=_reuse)
BACK = Oddity(told="the clock was set 3 days back", off=timedelta(days=-3))
STILL_WRONG = Oddity(told="the clock still stands wrong")
FORWARD = Oddity(told="the clock was set 40 days forward", off=timedelta(days=40))


def _shift(said: Body, distance_m: float) -> None:
    """Move all fixes to the north-east, as far as the earth is flat."""
    step = distance_m / 2**0.5 / M_PER_DEGREE
    for fix in (*said["check_in"], *said["check_out"]):
        fix["lat"] = round(fix["lat"] + step, 7)
        fix["lon"] = round(fix["lon"] + step / cos(radians(fix["lat"])), 7)
