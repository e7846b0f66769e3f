"""Every error code as a page: `python -m backend.web.error_page` prints what docs/errors.md holds."""

import sys

from contracts.errors import ErrorCode

ACTORS = {
    "tablet": "the tablet, by itself",
    "author": "the person who made the change",
    "supervisor": "a supervisor",
    "administrator": "an administrator",
    "developer": "whoever writes the client or runs the server",
    "nobody": "nobody",
}
HEAD = """\
# Errors

Made from `contracts/errors.py` by `python -m backend.web.error_page > docs/errors.md`.

An HTTP error is a problem document (RFC 9457, `application/problem+json`) with a stable `code`; branch on the code,
never on the sentence. A mutation that cannot apply is no HTTP error: its outcome says `parked` or `conflict` and
carries one of the codes that stand under "In outcomes". Retry transport errors, 429 and 503 only; wait
`retry_after_ms`. A request that is refused for a code of an outcome is HTTP 400: a purge receipt for `bad_signature`.
"""


def error_page() -> str:
    """Return the page as Markdown, one section for each code."""
    told = [error for error in ErrorCode if error.status]
    settled = [error for error in ErrorCode if not error.status]
    parts = [HEAD, "## Of requests\n", *map(_section, told), "## In outcomes\n", *map(_section, settled)]
    return "\n".join(parts)


def _section(error: ErrorCode) -> str:
    where = f"HTTP {error.status}" if error.status else "In an outcome"
    retry = "A retry may help" if error.retry else "A retry does not help"
    return f"### {error.code}\n\n{where}. {error.meaning}\n{retry}. Who acts: {ACTORS[error.actor.value]}.\n"


if __name__ == "__main__":
    sys.stdout.write(error_page())
