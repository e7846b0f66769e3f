"""The series of a branch: a code list of the catalog, its own or the whole bank's."""

from collections.abc import Mapping
from uuid import UUID, uuid5

import msgspec

from backend.domain.tickets.rules.line import SERIES_NAMES
from contracts.kinds.catalog import CodeList
from sync.kind import Kinds
from sync.puts import Put, put_records
from sync.store import AuditEntry, Key, Snapshot, Unit

NAMESPACE = UUID("8b2f3b0c-2f0e-5a5b-8a63-6f3a6c1f7e02")
CODE = "series"
TITLE = "排队号类别"

_code_list = msgspec.json.Decoder(CodeList)


def series_list_id(branch: str = "") -> str:
    """Return the id of a branch's code list of series, or of the whole bank's."""
    return str(uuid5(NAMESPACE, branch))


def series_list(names: Mapping[str, str] = SERIES_NAMES, branch: str = "") -> Put:
    """Return the code list that tells tablets which series a branch has, or every branch without its own list."""
    choices = [{"code": code, "name": name} for code, name in names.items()]
    body = {"code": f"{CODE}.{branch}" if branch else CODE, "title": TITLE, "choices": choices}
    return Put(kind="code_list", id=series_list_id(branch), body=body)


def read_series(look: Snapshot, branch: str) -> dict[str, str]:
    """Return series → name of a branch: its own list, else the bank's, else the four that are usual."""
    return find_series(look, branch) or find_series(look) or dict(SERIES_NAMES)


def find_series(look: Snapshot, branch: str = "") -> dict[str, str] | None:
    """Return series → name of a branch's own list, or of the whole bank's; None if there is none."""
    stored = look.records([Key("code_list", series_list_id(branch))]).get(Key("code_list", series_list_id(branch)))
    if stored is None or stored.standing != "live":
        return None
    return {one.code: one.name for one in _code_list.decode(stored.body).choices if one.is_active} or None


def set_series(unit: Unit, kinds: Kinds, names: Mapping[str, str], branch: str = "", *, by: str, at: str) -> bool:
    """Give a branch, or every branch without a list of its own, these series; return whether that changed anything.

    No names at all take the list away: the branch then has the bank's, and the bank the four that are usual.
    """
    writes = put_records(unit, kinds, [series_list(names, branch)], by=by, at=at)
    if writes:
        stream = f"org:{branch}" if branch else "server"
        detail = {"series": [f"{code} {name}" for code, name in names.items()]}
        unit.audit(AuditEntry(stream=stream, at=at, actor=by, action="set_series", subject=branch, detail=detail))
    return bool(writes)
