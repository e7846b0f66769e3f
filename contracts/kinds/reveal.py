"""A reveal: somebody tapped a masked value to see it; the server audits it (requirements.md §2)."""

from typing import Annotated, ClassVar

from msgspec import Meta

from contracts.base import KindName, Moment, RecordId, StaffNo
from contracts.policy import Merge, Op, Record


class Reveal(Record, frozen=True, kw_only=True):
    """Which field of which record was shown in full, and when; never what it held."""

    kind: ClassVar[str] = "reveal"
    ops: ClassVar[frozenset[Op]] = frozenset({Op.CREATE})

    subject_kind: Annotated[KindName, Merge.SERVER]
    subject_id: Annotated[RecordId, Merge.SERVER]
    field: Annotated[str, Merge.SERVER, Meta(max_length=60)]
    reason: Annotated[str, Merge.SERVER, Meta(max_length=200)] = ""
    shown_at: Annotated[Moment, Merge.SERVER]
    author: Annotated[StaffNo | None, Merge.STAMPED] = None
    install_id: Annotated[RecordId | None, Merge.STAMPED] = None
    made_at: Annotated[Moment | None, Merge.STAMPED] = None
