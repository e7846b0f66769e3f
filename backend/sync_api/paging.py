"""Where a page begins: after the row that the page before named in `next`, as two words joined by `~`."""

from sync.errors import Malformed


def read_place(after: str) -> tuple[str, str]:
    """Return the place after which a page begins: what the rows are ordered by, and the id. Raises Malformed."""
    first, tilde, id = after.partition("~")
    if not tilde:
        raise Malformed("`after` is what an earlier page named `next`.")
    return first, id
