"""A record's struct for the server's own pen: fields that only the server writes keep their type, and no pattern.

Patterns are most of what it costs to check a body, and half of them stand on fields that no tablet can name.
"""

from collections.abc import Collection, Mapping
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo


def trusting_struct(record: type[Struct], hints: Mapping[str, Any], trusted: Collection[str]) -> type[Struct]:
    """Return a struct that reads and writes the same bodies as `record`, `trusted` fields by their type alone."""
    fields = [
        _field(one, plain(hints[one.name]) if one.name in trusted else hints[one.name])
        for one in msgspec.structs.fields(record)
    ]
    config = record.__struct_config__
    return msgspec.defstruct(
        record.__name__, fields, kw_only=True, frozen=True, omit_defaults=config.omit_defaults,
        forbid_unknown_fields=config.forbid_unknown_fields,
    )  # fmt: skip


def plain(hint: Any) -> Any:
    """Return a type without what its annotations demand."""
    if get_origin(hint) is Annotated:
        return plain(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return reduce(or_, map(plain, get_args(hint)))
    return hint


def _field(one: FieldInfo, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    if one.default is not NODEFAULT:
        return one.name, hint, one.default
    if one.default_factory is not NODEFAULT:
        return one.name, hint, msgspec.field(default_factory=one.default_factory)
    return one.name, hint
