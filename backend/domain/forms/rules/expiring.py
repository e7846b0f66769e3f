"""When a form is over (domain-rules.md §10)."""

from backend.domain.forms.rules.life import business_date_of
from sync.moments import shift_moment


def is_over(state: str, moved_at: str, at: str, counter_h: int) -> bool:
    """Say whether a form that has not ended is over at this moment.

    A filled form is good for the business day on which it last moved on; at the counter it waits `counter_h` hours for
    the teller's word. The server's clock counts: a tablet with a wrong one ends nobody's form.
    """
    if state == "loaded":
        return shift_moment(moved_at, hours=counter_h) <= at
    return business_date_of(moved_at) < business_date_of(at)
