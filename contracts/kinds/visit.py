"""A visit: what a field manager did at a customer's, as signed and chained evidence."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from contracts.base import Moment, RecordId, Sha256Hex, StaffNo
from contracts.policy import Merge, Op, Record, Reference
from contracts.privacy import Privacy


class Fix(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One location fix as the device gave it (domain-rules.md §1); nothing is rounded or converted."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    datum: Literal["WGS84", "GCJ02", "BD09"] = "WGS84"
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)]  # 68 % radius
    altitude_m: float | None = None
    speed_m_s: float | None = None
    provider: Literal["gps", "network", "fused", "external"] = "gps"
    is_mock: bool = False
    satellites: Annotated[int, Meta(ge=0, le=200)] | None = None
    fix_wall_time: Moment
    fix_elapsed_ms: Annotated[int, Meta(ge=0)] = 0
    boot_id: Annotated[str, Meta(max_length=64)] = ""
    sample_count: Annotated[int, Meta(ge=1, le=1000)] = 1
    source: Literal["current", "cached"] = "current"


Fixes = Annotated[list[Fix], Meta(max_length=10)]


class Visit(Record, frozen=True, kw_only=True):
    """A visit with content and coordinates (001-17): appended, amended, never edited."""

    kind: ClassVar[str] = "visit"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.APPEND})
    is_evidence: ClassVar[bool] = True
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)

    customer_id: Annotated[RecordId, Merge.SERVER]
    purpose: Annotated[str, Merge.SERVER, Meta(max_length=40)]
    type: Annotated[Literal["on_site", "phone", "video"], Merge.SERVER] = "on_site"
    content: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=4000)]
    people_met: Annotated[list[Annotated[str, Meta(max_length=60)]], Merge.SERVER, Privacy.C2, Meta(max_length=20)] = []
    started_at: Annotated[Moment, Merge.SERVER]
    ended_at: Annotated[Moment | None, Merge.SERVER] = None
    check_in: Annotated[Fixes, Merge.SERVER, Privacy.C2] = []
    check_out: Annotated[Fixes, Merge.SERVER, Privacy.C2] = []
    photos: Annotated[list[Sha256Hex], Merge.SERVER, Meta(max_length=20)] = []
    next_step: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=1000)] = ""
    amends: Annotated[RecordId | None, Merge.SERVER] = None  # the visit that this one corrects
    prev: Annotated[str, Merge.SERVER, Meta(pattern=r"^([0-9a-f]{64})?(?!\n)$")]  # the install's previous evidence
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    hash: Annotated[Sha256Hex | None, Merge.STAMPED] = None
    received_at: Annotated[Moment | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None  # the server's estimate of when it was made
    flags: Annotated[list[str], Merge.STAMPED] = []
    countersignature: Annotated[str | None, Merge.STAMPED] = None
