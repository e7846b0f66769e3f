"""A bank's field managers with tablets whose clocks can be wrong, and the store that grades what they push."""

from datetime import datetime
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw

from backend.registry import KINDS
from backend.storage.sql_store import SqlStore
from contracts.push import Outcome, PushRequest
from sync.clock import DeviceClock
from sync.engine import Engine
from sync.kind import Actor
from sync.moments import read_moment, write_moment
from sync.puts import Put
from sync.signing import canonical, hash_hex, new_key, sign, write_public_jwk
from sync.store import Install, Key
from tests.backend.auth.people import Clock
from tests.backend.visits.conftest import M_PER_DEGREE, SHOP

KEY = new_key()
CUSTOMER = "00000000-0000-4000-8000-00000000c001"
PLACE = {"label": "shop", "lat": SHOP.lat, "lon": SHOP.lon, "radius_m": 300}
CHARACTERS = [chr(0x4E00 + at) for at in range(500)]
IDS = count(1)


def new_id() -> str:
    return str(UUID(int=next(IDS) + 0x4000_8000_0000_0000_0000, version=4))


class Field:
    """The server's side."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock = store, Clock()
        self.engine = Engine(store, KINDS, clock=self.clock, secret=b"s" * 32, server_key=KEY, new_id=new_id)
        self.place(PLACE)

    def place(self, *places: dict[str, Any], revision: int = 1) -> None:
        body = {"customer_no": "1", "name": "林小燕", "host_org": "3501", "host_portfolio": "p1",
                "places": list(places), "crm_revision": revision, "as_of": "2026-11-01T00:00:00.000Z"}  # fmt: skip
        self.engine.put_records([Put(kind="customer", id=CUSTOMER, body=body)], by="crm")

    def grade(self, id: str) -> dict[str, Any]:
        stored = self.store.read(lambda look: look.records([Key("visit_grade", id)]))[Key("visit_grade", id)]
        return KINDS["visit_grade"].read(stored.body)

    def version(self, id: str) -> int:
        return self.store.read(lambda look: look.records([Key("visit_grade", id)]))[Key("visit_grade", id)].version

    def codes(self, id: str) -> set[str]:
        return {flag["code"] for flag in self.grade(id)["flags"]}


class Pad:
    """A tablet: its boot, its uptime, and a wall clock that may be off by `wall_off_s`."""

    def __init__(self, field: Field, staff_no: str = "m1", boot: str = "b1") -> None:
        self.field, self.staff_no, self.boot = field, staff_no, boot
        self.install_id, self.n, self.prev, self.wall_off_s = new_id(), 0, "", 0.0
        self.owed: list[bytes] = []
        row = Install(install_id=self.install_id, public_key=write_public_jwk(KEY.public_key()))
        field.store.write(lambda unit: unit.save_install(row))

    def visit(self, at: str, *, stay_s: float = 900, north_m: float = 0, **told: Any) -> str:
        """Make a visit that began at `at` by the server's clock, and keep it until the next push."""
        began, id = self._seconds(at), new_id()
        body = {
            "customer_id": CUSTOMER, "purpose": "贷后检查", "content": self._words(),
            "started_at": self._wall(began), "ended_at": self._wall(began + stay_s),
            "check_in": self._fixes(began, north_m), "check_out": self._fixes(began + stay_s, north_m),
            "prev": self.prev, **told,
        }  # fmt: skip
        signed = began + stay_s
        made_at = {"wall": self._wall(signed), "boot": self.boot, "mono_ms": self._mono_ms(signed)}
        self.n += 1
        mutation = {"n": self.n, "kind": "visit", "id": id, "op": "append", "set": body, "made_at": made_at}
        mutation["sig"] = sign(KEY, canonical(mutation))
        self.prev = hash_hex(canonical(mutation))
        self.owed.append(msgspec.json.encode(mutation))
        return id

    def reply(self, visit_id: str, sort: str, text: str = "说明") -> str:
        """Write an answer or an appeal, and keep it until the next push."""
        self.n += 1
        id, made_at = new_id(), {"wall": write_moment(self.field.clock.at), "boot": self.boot, "mono_ms": 1}
        said = {"visit_id": visit_id, "sort": sort, "text": text}
        mutation = {"n": self.n, "kind": "visit_reply", "id": id, "op": "create", "set": said, "made_at": made_at}
        self.owed.append(msgspec.json.encode(mutation))
        return id

    def push(self) -> list[Outcome]:
        """Hand in what is owed at the server's present moment."""
        buckets = frozenset({f"visits:{self.staff_no}", "portfolio:p1"})
        actor = Actor(install_id=self.install_id, staff_no=self.staff_no, org_id="3501",
                      roles=frozenset({"field_manager"}), buckets=buckets)  # fmt: skip
        now = self.field.clock.at.timestamp()
        clock = DeviceClock(
            wall_ms=round((now + self.wall_off_s) * 1000), boot=self.boot, mono_ms=self._mono_ms(now)
        )  # fmt: skip
        request = PushRequest(mutations=[Raw(one) for one in self.owed])
        self.owed = []
        return self.field.engine.push(request, actor, clock).outcomes

    def push_each(self) -> None:
        """Hand in what is owed, each piece in a push of its own."""
        for one in self.owed[:]:
            self.owed = [one]
            self.push()

    def _words(self) -> str:
        random = Random(f"{self.boot} {self.n}")
        return "".join(random.choices(CHARACTERS, k=40))

    def _fixes(self, at: float, north_m: float) -> list[dict[str, Any]]:
        """Return fixes that jitter by what makes this visit unlike every other."""
        random = Random(f"{self.boot} {self.n} {at}")
        return [
            {"lat": SHOP.lat + north_m / M_PER_DEGREE + random.gauss(0, 3e-5), "lon": SHOP.lon + random.gauss(0, 3e-5),
             "accuracy_m": 8.5, "fix_wall_time": self._wall(at), "boot_id": self.boot,
             "fix_elapsed_ms": self._mono_ms(at)}
            for _ in range(3)
        ]  # fmt: skip

    def _wall(self, at: float) -> str:
        return write_moment(datetime.fromtimestamp(at + self.wall_off_s, tz=self.field.clock.at.tzinfo))

    def _mono_ms(self, at: float) -> int:
        return round((at - self._seconds("2026-09-01T00:00:00Z")) * 1000)

    def _seconds(self, at: str) -> float:
        moment = read_moment(at)
        assert moment is not None
        return moment.timestamp()
