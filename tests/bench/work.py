"""What the benchmark's tablets have to say: forms with 300 Chinese characters, and signed, chained visits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
from msgspec import Raw

from contracts.clock import ClockEvidence
from contracts.kinds import Customer
from contracts.policy import Op
from contracts.push import PushRequest
from sync.moments import write_moment
from sync.signing import PrivateKey
from sync.tablet.ids import uuid7
from sync.tablet.mutations import Intent, write_evidence, write_mutation

BATCH = 20
CHARACTERS = 300
DAY_MS = 1_795_224_600_000  # the morning of 2026-11-21
BOOT = "b9"
CONTACT_MONO_MS = 10_000_000_000  # what the tablets' uptime is when they sync
MADE_AT = ClockEvidence(wall="2026-11-21T09:30:00.000+08:00", boot=BOOT, mono_ms=CONTACT_MONO_MS - 87_655)
VISITS_MAX = 1_000  # of one person, in a hundred days
VISITS_A_DAY, VISIT_EVERY_MS, MS_A_DAY = 10, 2_400_000, 86_400_000
TEXT = "客户要求办理活期存款与手机银行签约业务已经核对身份证件并说明收费标准请柜员复核后打印凭证"

MORNING = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)

encode = msgspec.json.Encoder().encode


class Author:
    """Makes one tablet's mutations, with numbers without gaps and a chain without forks."""

    def __init__(self, seed: int, branch_id: str, customer_id: str, key: PrivateKey) -> None:
        self._random = Random(seed)
        self._branch_id, self._customer_id, self._key = branch_id, customer_id, key
        self._n, self._head, self._visits = 0, "", 0

    def form_pushes(self, count: int) -> list[bytes]:
        """Return the bodies of `count` pushes, each of one batch of new forms."""
        return [_push(self._form() for _ in range(BATCH)) for _ in range(count)]

    def visit_pushes(self, count: int) -> list[bytes]:
        """Return the bodies of `count` pushes, each of one batch of signed visits."""
        return [_push(self._visit() for _ in range(BATCH)) for _ in range(count)]

    def _form(self) -> bytes:
        said: dict[str, Any] = {
            "branch_id": self._branch_id,
            "template_id": "0197a000-0000-7000-8000-000000000001",
            "name": "林秀英",
            "phone": "13805550123",
            "values": {"account_type": "活期", "mobile_bank": True, "purpose": _text(self._random, 120)},
            "remark": _text(self._random, CHARACTERS - 120),
        }
        return write_mutation(self._intent("form", Op.CREATE, said), self._n)

    def _visit(self) -> bytes:
        self._visits += 1
        made_at = _moment_of(self._visits)
        fix = {
            "lat": round(24 + self._random.random(), 6), "lon": round(118 + self._random.random(), 6),
            "accuracy_m": 12.5, "fix_wall_time": made_at.wall, "fix_elapsed_ms": made_at.mono_ms, "boot_id": BOOT,
        }  # fmt: skip
        said: dict[str, Any] = {
            "customer_id": self._customer_id,
            "purpose": "product",
            "content": "".join(self._random.choices(TEXT, k=CHARACTERS)),
            "started_at": made_at.wall,
            "check_in": [fix],
        }
        intent = self._intent("visit", Op.APPEND, said, made_at)
        wire, self._head = write_evidence(intent, self._n, self._head, self._key)
        return wire

    def _intent(self, kind: str, op: Op, said: dict[str, Any], made_at: ClockEvidence = MADE_AT) -> Intent:
        self._n += 1
        return Intent(kind=kind, id=uuid7(DAY_MS + self._n, self._random), op=op, set=said, made_at=made_at)


def customer_bodies(count: int, portfolio: str, org_id: str) -> Iterator[tuple[str, bytes]]:
    """Yield (id, stored body) of `count` customers as a first sync brings them, some 500 bytes each."""
    random = Random(7)
    write = msgspec.json.Encoder(order="deterministic").encode
    for at in range(count):
        customer = Customer(
            customer_no=f"{at:011d}", name="陈建国", gender="1", birth_year=1970 + at % 30, certificate_tail="123X",
            phone=f"138{at:08d}", home_address=f"福建省泉州市鲤城区中山街道第{at}号", occupation="4",
            employer="泉州市某某机械制造有限公司", customer_class="deposit", level="gold",
            host_org=org_id, host_portfolio=portfolio, crm_revision=1, as_of="2026-11-20T22:00:00.000Z",
        )  # fmt: skip
        yield uuid7(DAY_MS + at, random), write(customer)


def _moment_of(visit: int) -> ClockEvidence:
    """Return when a person made a visit: some a day, the newest of them yesterday at the latest."""
    days, slot = divmod(VISITS_MAX - visit, VISITS_A_DAY)
    ago_ms = (days + 1) * MS_A_DAY - (VISITS_A_DAY - slot) * VISIT_EVERY_MS
    wall = write_moment(MORNING - timedelta(milliseconds=ago_ms))
    return ClockEvidence(wall=wall, boot=BOOT, mono_ms=CONTACT_MONO_MS - ago_ms)


def _push(mutations: Iterator[bytes]) -> bytes:
    return encode(PushRequest(mutations=[Raw(mutation) for mutation in mutations]))


def _text(random: Random, length: int) -> str:
    begin = random.randrange(len(TEXT))
    return (TEXT[begin:] + TEXT * (length // len(TEXT) + 1))[:length]
