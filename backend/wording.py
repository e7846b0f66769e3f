"""What is wrong with a parameter or a field, in words that say what to put there instead."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import EnumType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.typing import FieldDefinition

AnyRequest = Request[Any, Any, Any]

BODY = "body"
DATA = "data"  # the framework's word for it
NOT_ONE_OF = "Invalid enum value"
NOT_LIKE = "matching regex"
ENUM_AT = re.compile(rf"{NOT_ONE_OF}.* - at `\$(?P<path>[^`]*)`", re.DOTALL)
# What a pattern that takes exactly one of these is there for.
EXAMPLES = ("2026-11", "2026-11-21", "0197a3b2-7c4d-7e5f-8a6b-1c2d3e4f5a6b")


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where, under the caller's own name for it, and what is wanted."""

    key: str
    message: str


def list_wrong(request: AnyRequest, error: HTTPException) -> list[Wrong]:
    """Return what the framework found wrong with a request's parameters and body, in plain words."""
    extras = error.extra if isinstance(error.extra, list) else []
    fields = _fields_of(request)
    return [_wrong(told, fields) for told in extras if isinstance(told, dict)]


def plain_words(text: str, message: Any) -> str:
    """Return what msgspec says of a body that is no `message`: without the word that it found, with those it wants."""
    found = ENUM_AT.fullmatch(text)
    if found is None:
        return text
    type_ = message
    for name in re.findall(r"[A-Za-z_]+", found["path"]):
        type_ = next((hints[name] for hints in map(get_type_hints, _structs(type_)) if name in hints), None)
    wanted = ", ".join(_words(type_))
    return (f"one of {wanted}" if wanted else "a word that is not in the list") + f" - at `${found['path']}`"


def _wrong(told: Mapping[str, Any], fields: Mapping[str, FieldDefinition]) -> Wrong:
    key, message = str(told.get("key") or BODY), str(told.get("message", ""))
    field = fields.get(key)
    if field is None:
        return Wrong(key=key, message=_in_words(message, _type_in_body(fields, key), None))
    limits = field.kwarg_definition
    name = BODY if key == DATA else getattr(limits, "name", None) or key
    return Wrong(key=name, message=_in_words(message, field.annotation, getattr(limits, "pattern", None)))


def _in_words(message: str, type_: Any, pattern: str | None) -> str:
    if message.startswith(NOT_ONE_OF) and (words := list(_words(type_))):
        return f"one of {', '.join(words)}"
    if pattern is not None and NOT_LIKE in message:
        like = [example for example in EXAMPLES if re.search(pattern, example)]
        return f"written like {like[0]}" if len(like) == 1 else message
    return message


def _words(type_: Any) -> Iterator[str]:
    """Yield the words that a type allows, however they are wrapped."""
    if isinstance(type_, EnumType):
        members: Iterable[Any] = type_
        yield from (str(member.value) for member in members)
    if get_origin(type_) is Literal:
        yield from (str(word) for word in get_args(type_))
        return
    for inner in get_args(type_):
        yield from _words(inner)


def _structs(type_: Any) -> Iterator[type]:
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        yield type_
    for inner in get_args(type_):
        yield from _structs(inner)


def _type_in_body(fields: Mapping[str, FieldDefinition], key: str) -> Any:
    body = fields[DATA].annotation if DATA in fields else None
    return get_type_hints(body).get(key) if isinstance(body, type) else None


def _fields_of(request: AnyRequest) -> Mapping[str, FieldDefinition]:
    handler: Any = request.scope.get("route_handler")
    return handler.parsed_fn_signature.parameters if handler is not None else {}
