"""A contact: what came of approaching a customer, in lobby or field; one ledger for both (001-07)."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from contracts.base import Moment, OrgId, RecordId, Sha256Hex, StaffNo
from contracts.policy import Merge, Op, Record, Reference
from contracts.privacy import Privacy


class Contact(Record, frozen=True, kw_only=True):
    """Appended, never edited; whoever goes on from one names it in `follows`."""

    kind: ClassVar[str] = "contact"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.APPEND})
    is_evidence: ClassVar[bool] = True
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(field="ticket_id", kind="ticket"), Reference(field="customer_id", kind="customer"),
    )  # fmt: skip

    org_id: Annotated[OrgId, Merge.SERVER]  # where it happened
    ticket_id: Annotated[RecordId | None, Merge.SERVER] = None  # in the lobby: whose ticket; the server knows the rest
    customer_id: Annotated[RecordId | None, Merge.SERVER] = None  # in the field
    channel: Annotated[Literal["lobby", "visit", "phone", "sms"], Merge.SERVER] = "lobby"
    stage: Annotated[
        Literal["approached", "recommended", "interested", "reserved", "referred", "refused", "done"], Merge.SERVER
    ]
    product_id: Annotated[RecordId | None, Merge.SERVER] = None
    follows: Annotated[RecordId | None, Merge.SERVER] = None  # the contact that this one goes on from
    is_opt_out: Annotated[bool, Merge.SERVER] = False  # the customer wants no marketing any more, anywhere (PIPL 24)
    note: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=500)] = ""
    happened_at: Annotated[Moment, Merge.SERVER]
    prev: Annotated[str, Merge.SERVER, Meta(pattern=r"^([0-9a-f]{64})?(?!\n)$")]  # the install's previous evidence
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    hash: Annotated[Sha256Hex | None, Merge.STAMPED] = None
    received_at: Annotated[Moment | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None
    flags: Annotated[list[str], Merge.STAMPED] = []
    countersignature: Annotated[str | None, Merge.STAMPED] = None
