"""A reminder: something about a customer that wants to be acted upon; the CRM makes it, whoever acts closes it."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, Count, Moment, OrgId, RecordId, StaffNo
from contracts.policy import Life, Merge, Op, Record, Reference, Step, full_matrix
from contracts.privacy import Privacy

# 001-14 for deposits; 001-16 for loans and cards: fund change, maturity, overdue; 003 §3.2 for certificates.
SORTS = (
    "large_inflow", "large_outflow", "frequent_transfer", "account_closed",
    "card_large_spending", "loan_due", "loan_instalment_due", "card_payment_due",
    "loan_interest_owed", "loan_overdue", "loan_downgraded", "card_overdue", "certificate_expires",
)  # fmt: skip
STATES = ("open", "done", "void")
REMINDER_MATRIX = full_matrix(
    STATES,
    {
        "open": {Step.APPLY: "done void", Step.NOOP: "open"},
        "done": {Step.NOOP: "done", Step.SUPERSEDE: "open void"},
        "void": {Step.NOOP: "void", Step.SUPERSEDE: "open done"},
    },
)


class Reminder(Record, frozen=True, kw_only=True):
    """One of the five kinds of 001-14 and 001-16, or a certificate that expires."""

    kind: ClassVar[str] = "reminder"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.TRANSITION})
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)
    life: ClassVar[Life] = Life(first="open", matrix=REMINDER_MATRIX, facts=frozenset({"result"}))

    customer_id: Annotated[RecordId, Merge.SERVER]
    org_id: Annotated[OrgId, Merge.SERVER]
    sort: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=40)]
    text: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=300)] = ""
    due_on: Annotated[BusinessDate | None, Merge.SERVER] = None
    state: Annotated[str, Merge.SERVER, Meta(max_length=12)]
    result: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=500)] = ""
    portfolios: Annotated[frozenset[OrgId], Merge.SERVER] = frozenset()  # who may see it, as for holdings
    state_by: Annotated[StaffNo | None, Merge.STAMPED] = None
    state_at: Annotated[Moment | None, Merge.STAMPED] = None
    crm_revision: Annotated[Count, Merge.SERVER]
    as_of: Annotated[Moment, Merge.SERVER]
