"""Days that a caller names, looked at before anything is asked with them."""

from datetime import date

from sync.errors import Malformed


def check_days(**named: str) -> None:
    """Raise Malformed for a day that no calendar has; each is told under the name that its caller gave it."""
    for name, text in named.items():
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise Malformed(f"`{name}`: there is no such day") from error


def check_order(since: str, until: str) -> None:
    """Raise Malformed for a stretch of days that ends before it begins, or with a day that no calendar has."""
    check_days(since=since, until=until)
    if until < since:
        raise Malformed("`until` is before `since`: from the earlier day to the later one")
