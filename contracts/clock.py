"""What a tablet says of its clocks: evidence about time, never order."""

from typing import Annotated

from msgspec import Meta

from contracts.base import Count, Message, Moment


class ClockEvidence(Message, frozen=True, kw_only=True):
    """The moment a mutation was made, as the tablet's wall clock and its uptime tell it."""

    wall: Moment
    boot: Annotated[str, Meta(max_length=64)] = ""
    mono_ms: Count = 0
