"""Authentication secrets (C3): found in what a tablet sends, refused, and never kept."""

from functools import lru_cache
from typing import Any
from unicodedata import normalize

from contracts.privacy import SECRET_NAMES
from sync.nesting import CONTAINERS, containers_in

DEPTH_MAX = 32  # levels of nesting that anything typed can need; deeper mutations are refused
REDACTED = "[refused]"
INNOCENT_MAX, INNOCENT_LENGTH_MAX = 4096, 64


def carries_secret(value: Any) -> bool:
    """Say whether any key in `value`, at any depth, names an authentication secret."""
    return any(map(names_secret, containers_in(value)))


def names_secret(container: Any) -> bool:
    """Say whether a key of this one map or list names a secret."""
    if type(container) is not dict or container.keys() <= _innocent:
        return False
    if any(map(is_secret, container)):
        return True
    if len(_innocent) < INNOCENT_MAX:
        _innocent.update(key for key in container if len(key) <= INNOCENT_LENGTH_MAX)
    return False


def is_deep(value: Any) -> bool:
    """Say whether `value` is nested deeper than anything typed can be."""
    level = _containers([value])
    for _ in range(DEPTH_MAX - 1):
        level = [deeper for inner in level for deeper in _containers(inner)]
        if not level:
            return False
    return any(level)


def redact(value: Any, depth: int = 0) -> Any:
    """Return `value` with every secret replaced, so that only the fact remains."""
    if depth > DEPTH_MAX:
        return REDACTED
    if isinstance(value, dict):
        return {key: REDACTED if is_secret(key) else redact(inner, depth + 1) for key, inner in value.items()}
    return [redact(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def redact_text(text: str) -> str:
    """Return text that is no JSON as it is, or nothing of it if it quotes the name of a secret."""
    return REDACTED if any(f'"{name}"' in text.lower() for name in SECRET_NAMES) else text


@lru_cache(maxsize=1024)  # of keys as long as a whole mutation, at worst: 64 MiB
def is_secret(key: str) -> bool:
    """Say whether a key, or any part of a path, names a secret, however it is spelled: `values.Card-PIN`."""
    return any(_plain(part) in _PLAIN_NAMES for part in key.split("."))


def _plain(name: str) -> str:
    return "".join(letter for letter in normalize("NFKC", name).casefold() if letter.isalnum())


def _containers(outer: Any) -> list[Any]:
    """Return the maps and lists right inside one."""
    return [inner for inner in (outer.values() if type(outer) is dict else outer) if type(inner) in CONTAINERS]


_PLAIN_NAMES = frozenset(map(_plain, SECRET_NAMES))
_innocent: set[str] = set()  # keys that were looked at and name no secret; few, since contracts name them
