"""When a form is over (domain-rules.md §10)."""

from typing import Protocol

from backend.domain.forms.rules.life import business_date_of
from sync.moments import shift_moment


class Standing(Protocol):
    """What must be known of a form."""

    @property
    def state(self) -> str: ...
    @property
    def state_at(self) -> str: ...


def is_over(form: Standing, at: str, counter_h: int) -> bool:
    """Say whether a form that has not ended is over at this moment.

    A filled form is good for the business day on which it last moved on; at the counter it waits `counter_h` hours for
    the teller's word. The server's clock counts: a tablet with a wrong one ends nobody's form.
    """
    if form.state == "loaded":
        return shift_moment(form.state_at, hours=counter_h) <= at
    return business_date_of(form.state_at) < business_date_of(at)
