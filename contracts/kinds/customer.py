"""A customer and what they hold: mastered by the central CRM, read on tablets, corrected by proposal."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from contracts.base import BusinessDate, Count, Moment, OrgId, RecordId
from contracts.policy import Merge, Op, Record, Reference
from contracts.privacy import Privacy


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a customer can be met: home, shop or works, with the radius that counts as being there."""

    label: Annotated[str, Meta(max_length=40)]
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    datum: Literal["WGS84", "GCJ02", "BD09"] = "WGS84"
    radius_m: Annotated[float, Meta(ge=1, le=5000)] = 300
    accuracy_m: Annotated[float, Meta(ge=0)] = 0  # of the reference itself, when it was captured by GPS
    captured: Annotated[str, Meta(max_length=20)] = "map"
    opens_min: Annotated[int, Meta(ge=0, le=1440)] = 0  # from this to that minute of the day somebody is there
    closes_min: Annotated[int, Meta(ge=0, le=1440)] = 1440


class Customer(Record, frozen=True, kw_only=True):
    """The part of 003-01 that a tablet needs; the CRM decides, tablets propose (requirements.md section 2)."""

    kind: ClassVar[str] = "customer"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.PROPOSE})
    proposable: ClassVar[frozenset[str]] = frozenset(
        {"phone", "home_phone", "work_phone", "email", "home_address", "mail_address", "marital_status",
         "education", "occupation", "employer", "best_time", "contact_note", "places"}
    )  # fmt: skip

    customer_no: Annotated[str, Merge.SERVER, Meta(max_length=11)]
    name: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=160)]
    type: Annotated[str, Merge.SERVER, Meta(max_length=10)] = "person"  # person · company
    gender: Annotated[str, Merge.SERVER, Meta(max_length=1)] = ""
    birth_year: Annotated[int | None, Merge.SERVER, Privacy.C2] = None
    certificate_tail: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=4)] = ""
    phone: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=35)] = ""
    home_phone: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=35)] = ""
    work_phone: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=35)] = ""
    email: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=40)] = ""
    home_address: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=80)] = ""
    mail_address: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=80)] = ""
    marital_status: Annotated[str, Merge.SERVER, Meta(max_length=2)] = ""
    education: Annotated[str, Merge.SERVER, Meta(max_length=2)] = ""
    occupation: Annotated[str, Merge.SERVER, Meta(max_length=2)] = ""
    employer: Annotated[str, Merge.SERVER, Meta(max_length=160)] = ""
    best_time: Annotated[str, Merge.SERVER, Meta(max_length=40)] = ""
    contact_note: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=100)] = ""
    places: Annotated[list[Place], Merge.SERVER, Privacy.C2, Meta(max_length=10)] = []
    customer_class: Annotated[str, Merge.SERVER, Meta(max_length=20)] = ""  # deposit · loan · key (001-09)
    level: Annotated[str, Merge.SERVER, Meta(max_length=20)] = ""
    labels: Annotated[frozenset[Annotated[str, Meta(max_length=40)]], Merge.SERVER, Privacy.C2, Meta(max_length=30)] = (
        frozenset()
    )  # potential, by the code list `potential_label` (001-06)
    risk_level: Annotated[int, Merge.SERVER, Privacy.C2, Meta(ge=0, le=5)] = 0  # investor type 1-5; 0: never assessed
    risk_assessed_on: Annotated[BusinessDate | None, Merge.SERVER, Privacy.C2] = None
    is_marketing_refused: Annotated[bool, Merge.SERVER] = False  # PIPL 24
    care: Annotated[frozenset[Annotated[str, Meta(max_length=40)]], Merge.SERVER, Privacy.C2, Meta(max_length=10)] = (
        frozenset()
    )  # why service comes before sales: overdue · interest_owed · refer
    host_org: Annotated[OrgId, Merge.SERVER]  # 主办
    host_portfolio: Annotated[OrgId | None, Merge.SERVER] = None
    assist_org: Annotated[OrgId | None, Merge.SERVER] = None  # 协办
    assist_portfolio: Annotated[OrgId | None, Merge.SERVER] = None
    crm_revision: Annotated[Count, Merge.SERVER]
    as_of: Annotated[Moment, Merge.SERVER]  # data age


class Holding(Record, frozen=True, kw_only=True):
    """One product that a customer holds at one institution; an assisting portfolio sees only its own (001-11)."""

    kind: ClassVar[str] = "holding"
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)

    customer_id: Annotated[RecordId, Merge.SERVER]
    product_id: Annotated[RecordId, Merge.SERVER, Privacy.C2]
    org_id: Annotated[OrgId, Merge.SERVER]
    account_tail: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=4)] = ""
    balance_fen: Annotated[int, Merge.SERVER, Privacy.C2] = 0
    contract_fen: Annotated[int, Merge.SERVER, Privacy.C2] = 0  # of a loan: what was agreed; 0: not told
    opened_on: Annotated[BusinessDate | None, Merge.SERVER] = None
    due_on: Annotated[BusinessDate | None, Merge.SERVER] = None
    portfolios: Annotated[frozenset[OrgId], Merge.SERVER] = frozenset()  # who may see it, by host and assist rights
    crm_revision: Annotated[Count, Merge.SERVER]
    as_of: Annotated[Moment, Merge.SERVER]
