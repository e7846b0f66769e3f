"""The demonstration bank's staff, and names that nobody has to hide: drawn by lot from common characters."""

from random import Random

from msgspec import Struct

from backend.demo.places import BANKS, BRANCHES, UNION
from backend.identity import Role

SURNAMES = "林陈黄郑吴张李王刘许蔡杨谢曾罗江邱苏叶何卢赖游詹范廖"
GIVEN_F = "燕梅芳秀英珍丽玲娟红霞兰桂香月云"
GIVEN_M = "建国华明强辉军平勇斌忠福寿贵金水木生春荣"
GIVEN_2 = "小文志晓美玉丽秀海天永家德"

LOBBY_AT = {"350101": 2, "350102": 2, "350601": 1, "350602": 1, "350801": 1, "350802": 1}
FIELD_AT = {"350101": 2, "350102": 1, "350601": 2, "350602": 1, "350801": 1, "350802": 1}
# Two field managers answer for a second portfolio.
SECOND_PORTFOLIO = frozenset({"F350101-1", "F350601-1"})


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who works at the demonstration bank."""

    staff_no: str
    name: str
    org_id: str
    role: str


class Portfolio(Struct, frozen=True, kw_only=True):
    """Customers of one branch, answered for by one field manager."""

    portfolio_id: str
    org_id: str
    staff_no: str


def draw_name(random: Random, gender: str) -> str:
    """Return a made-up name of two or three characters; `gender` is F or M."""
    last = random.choice(GIVEN_F if gender == "F" else GIVEN_M)
    middle = random.choice(GIVEN_2) if random.random() < 0.8 else ""
    return random.choice(SURNAMES) + middle + last


def draw_staff(random: Random) -> list[Person]:
    """Return the 24 people: 8 lobby managers, 8 field managers, 4 supervisors, 2 administrators, 2 auditors."""
    posts = [
        *((f"L{org}-{at}", org, Role.LOBBY_MANAGER) for org, count in LOBBY_AT.items() for at in range(1, count + 1)),
        *((f"F{org}-{at}", org, Role.FIELD_MANAGER) for org, count in FIELD_AT.items() for at in range(1, count + 1)),
        *((f"S{org.org_id}", org.org_id, Role.SUPERVISOR) for org in (UNION, *BANKS)),
        *((f"A{org.org_id}", org.org_id, Role.ADMINISTRATOR) for org in (UNION, BANKS[0])),
        *((f"U{org.org_id}", org.org_id, Role.AUDITOR) for org in (UNION, BANKS[0])),
    ]
    return [
        Person(staff_no=staff_no, name=draw_name(random, random.choice("FM")), org_id=org_id, role=role.value)
        for staff_no, org_id, role in posts
    ]


def list_portfolios() -> list[Portfolio]:
    """Return the portfolios: one for each field manager, a second for two of them."""
    portfolios = []
    for branch in BRANCHES:
        managers = [f"F{branch.org_id}-{at}" for at in range(1, FIELD_AT[branch.org_id] + 1)]
        holders = managers + [staff_no for staff_no in managers if staff_no in SECOND_PORTFOLIO]
        portfolios += [
            Portfolio(portfolio_id=f"P{branch.org_id}-{at}", org_id=branch.org_id, staff_no=staff_no)
            for at, staff_no in enumerate(holders, start=1)
        ]
    return portfolios
