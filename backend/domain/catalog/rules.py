"""What a bank says of its catalog, line by line: which record each line means."""

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from msgspec import Struct

from contracts.base import Body, Uuid

NAMESPACE = UUID("2a6e2c52-6a1b-5d0f-9a0e-3c1d5e7f9b11")  # of records that a bank brings without an id
VERSION = "template_version"  # each version of a form is a record of its own

Name = tuple[str, str, int]  # kind, code, version of a form


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line: a record as it shall be. Without an `id` it is the one with that code, or a new one."""

    kind: str
    body: Body
    id: Uuid | None = None


def name_of(kind: str, body: Mapping[str, object]) -> Name:
    """Return by what a bank knows a record."""
    version = body.get(VERSION, 0)
    return kind, str(body.get("code", "")), version if isinstance(version, int) else 0


def id_of(line: Line, known: Mapping[Name, str]) -> str:
    """Return the record that a line means; the same line twice means the same one."""
    name = name_of(line.kind, line.body)
    return line.id or known.get(name) or str(uuid5(NAMESPACE, "|".join(map(str, name))))


def repeated(names: Iterable[Name]) -> Name | None:
    """Return a name that stands twice, or None."""
    seen: set[Name] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
