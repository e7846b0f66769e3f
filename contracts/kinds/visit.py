"""A visit: what a field manager did at a customer's, as signed and chained evidence."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from contracts.base import Moment, OrgId, RecordId, Sha256Hex, StaffNo
from contracts.clock import ClockEvidence
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


class PhotoFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the tablet knows of a photo that it took; the file follows, its digest is signed with the visit."""

    perceptual_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}(?!\n)$")] | None = None  # 64 bits
    taken_at: Moment | None = None
    in_app: bool | None = None  # taken by this app's own camera page


class Attestation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the app found out about the tablet that it ran on (JR/T 0092-2019)."""

    is_rooted: bool = False
    is_debuggable: bool = False  # developer mode, or a debugger was attached
    is_emulator: bool = False
    app_signature: Annotated[str, Meta(max_length=128)] = ""
    verdict: Annotated[str, Meta(max_length=200)] = ""  # of the platform's own attestation, if it has one


Element = Annotated[str, Meta(max_length=40)]


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
    photo_facts: Annotated[dict[Sha256Hex, PhotoFacts], Merge.SERVER, Meta(max_length=20)] = {}
    stage: Annotated[Literal["T0", "T1", "T2", "T3", "T4", "T5"] | None, Merge.SERVER] = None  # lifecycle, 003 §4.4
    elements: Annotated[
        dict[Element, Annotated[str, Meta(max_length=1000)]], Merge.SERVER, Privacy.C2, Meta(max_length=40)
    ] = {}  # what the stage wants to be told, by element: `T1.perception`, `T4.measures`
    next_step: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=1000)] = ""
    next_task_id: Annotated[RecordId | None, Merge.SERVER] = None  # the task that the next step became
    alert: Annotated[Literal["yellow", "orange", "red"] | None, Merge.SERVER] = None  # a crisis seen by hand, 003 §4.5
    alert_reason: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=500)] = ""
    is_auto_closed: Annotated[bool, Merge.SERVER] = False  # by the tablet at the end of the day
    attestation: Annotated[Attestation | None, Merge.SERVER] = None
    amends: Annotated[RecordId | None, Merge.SERVER] = None  # the visit that this one corrects
    prev: Annotated[str, Merge.SERVER, Meta(pattern=r"^([0-9a-f]{64})?(?!\n)$")]  # the install's previous evidence
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    hash: Annotated[Sha256Hex | None, Merge.STAMPED] = None
    received_at: Annotated[Moment | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None  # the server's estimate of when it was made
    org_id: Annotated[OrgId | None, Merge.STAMPED] = None  # the author's institution when it arrived
    n: Annotated[int | None, Merge.STAMPED] = None  # its number on the install, which orders it there
    signed_clock: Annotated[ClockEvidence | None, Merge.STAMPED] = None  # the tablet's clocks when it was signed
    time_quality: Annotated[Literal["anchored", "unanchored"] | None, Merge.STAMPED] = None  # of `made_at`
    uncertainty_s: Annotated[float | None, Merge.STAMPED] = None  # of `made_at`; none: nobody can say
    skew_s: Annotated[float, Merge.STAMPED] = 0  # the tablet's wall clock minus `made_at`
    flags: Annotated[list[str], Merge.STAMPED] = []
    countersignature: Annotated[str | None, Merge.STAMPED] = None
