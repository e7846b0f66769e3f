"""A duty: how often a customer must be visited in this period, and how far that is (001-17)."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, Count, OrgId, RecordId, StaffNo
from contracts.policy import Merge, Record, Reference


class Duty(Record, frozen=True, kw_only=True):
    """Made by the server, so that a tablet without a line still shows what is due; one record for each duty.

    A record whose period is over, or whose balance fell, leaves the tablets: it has no portfolio then.
    """

    kind: ClassVar[str] = "duty"
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)

    customer_id: Annotated[RecordId, Merge.SERVER]
    code: Annotated[str, Merge.SERVER, Meta(max_length=40)]  # of the rule
    rule_id: Annotated[str, Merge.SERVER, Meta(max_length=40)]
    period: Annotated[str, Merge.SERVER, Meta(max_length=60)]  # 2026-11 · 2026-Q4 · 2026-W47 · first:<loan>
    due_from: Annotated[BusinessDate, Merge.SERVER]
    due_by: Annotated[BusinessDate, Merge.SERVER]
    required: Annotated[Count, Merge.SERVER]
    counted: Annotated[Count, Merge.SERVER] = 0
    pending: Annotated[Count, Merge.SERVER] = 0  # would count as well if a supervisor accepts them
    status: Annotated[
        str, Merge.SERVER, Meta(max_length=20)
    ]  # done · on_track · at_risk · short · pending_review · exempt
    owner: Annotated[StaffNo | None, Merge.SERVER] = None
    portfolio: Annotated[OrgId | None, Merge.SERVER] = None
    is_calendar_confirmed: Annotated[bool, Merge.SERVER] = True  # a notice told of every day of the period
