"""The series of a branch: a code list of the catalog, its own or the whole bank's."""

from collections.abc import Mapping
from uuid import UUID, uuid5

import msgspec

from backend.domain.tickets.rules.line import SERIES_NAMES
from contracts.kinds.catalog import CodeList
from sync.puts import Put
from sync.store import Key, Snapshot

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
    keys = [Key("code_list", series_list_id(branch)), Key("code_list", series_list_id())]
    found = look.records(keys)
    for key in keys:
        if key in found and found[key].standing == "live":
            return {one.code: one.name for one in _code_list.decode(found[key].body).choices if one.is_active}
    return dict(SERIES_NAMES)
