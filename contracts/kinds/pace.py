"""A pace: how fast a branch's lines move, so that a tablet tells a wait, and sorts the line, as the server does."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from contracts.base import BusinessDate, Count, Moment, OrgId
from contracts.leases import Series
from contracts.policy import Merge, Record


class SeriesPace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One series: its mean service time, shrunk towards the last four weeks', and how many services that rests on."""

    series: Series
    service_mean_s: Annotated[float, Meta(gt=0)]
    sample: Count = 0
    arrivals_h: Annotated[float, Meta(ge=0)] = 0  # customers an hour, of late


class Pace(Record, frozen=True, kw_only=True):
    """Made by the server alone; tablets estimate with it (domain-rules.md §8)."""

    kind: ClassVar[str] = "pace"

    branch_id: Annotated[OrgId, Merge.SERVER]
    business_date: Annotated[BusinessDate, Merge.SERVER]
    as_of: Annotated[Moment, Merge.SERVER]
    series: Annotated[list[SeriesPace], Merge.SERVER, Meta(max_length=20)] = []
    returned_behind: Annotated[int, Merge.SERVER, Meta(ge=0, le=50)] = 3  # others whom a returned customer lets pass
