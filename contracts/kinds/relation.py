"""A relation between two customers (003 §4.1): family makes a household, guarantors matter at a visit."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, Count, Moment, OrgId, RecordId
from contracts.policy import Merge, Record, Reference
from contracts.privacy import Privacy

# 003 §4.1: credit 01-04, family 05-11.
ROLES = {
    "01": "担保人", "02": "被担保人", "03": "抵押人", "04": "质押人", "05": "父母", "06": "子女", "07": "配偶",
    "08": "兄弟姐妹", "09": "祖父母", "10": "孙子女", "11": "其他亲属",
}  # fmt: skip


class Relation(Record, frozen=True, kw_only=True):
    """`related_id` is the customer's `role`; the counterpart is a record of its own."""

    kind: ClassVar[str] = "relation"
    references: ClassVar[tuple[Reference, ...]] = (Reference(field="customer_id", kind="customer"),)

    customer_id: Annotated[RecordId, Merge.SERVER]
    related_id: Annotated[RecordId, Merge.SERVER, Privacy.C2]
    role: Annotated[str, Merge.SERVER, Privacy.C2, Meta(max_length=2)]
    since: Annotated[BusinessDate | None, Merge.SERVER] = None
    until: Annotated[BusinessDate | None, Merge.SERVER] = None
    portfolios: Annotated[frozenset[OrgId], Merge.SERVER] = frozenset()
    crm_revision: Annotated[Count, Merge.SERVER]
    as_of: Annotated[Moment, Merge.SERVER]
