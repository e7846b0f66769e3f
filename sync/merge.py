"""Field merge: two people changed one record; which value of each field stands, and why (protocol.md §5)."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from contracts.base import Body
from contracts.policy import Merge
from contracts.push import FieldOutcome
from sync.kind import Kind

ABSENT = object()


class Merged(Struct, frozen=True, kw_only=True):
    """The fields to write, those settled otherwise than simply taken, and whether others changed the record."""

    taken: Mapping[str, Any]
    explained: list[FieldOutcome]
    disputed: Mapping[str, Merge]  # fields that wait for a person: ask or escalate


def get_path(body: Body, path: str) -> Any:
    """Return the value at `field` or `field.key`, None if there is none."""
    head, dot, key = path.partition(".")
    value = body.get(head)
    return value if not dot else value.get(key) if isinstance(value, dict) else None


def set_paths(body: Body, values: Mapping[str, Any]) -> Body:
    """Return a copy of `body` with each path set; a None removes a key of a map."""
    result = dict(body)
    for path, value in values.items():
        head, dot, key = path.partition(".")
        if not dot:
            result[head] = value
            continue
        below = result.get(head)
        if not isinstance(below, dict | None):
            continue  # a path into what is no map: the body will not hold
        branch = dict(below or {})
        branch.pop(key, None) if value is None else branch.__setitem__(key, value)
        result[head] = branch
    return result


def spread(values: Mapping[str, Any], kind: Kind) -> Body:
    """Return touched values path by path: a whole map counts as a touch of each of its keys."""
    paths: Body = {}
    for name, value in values.items():
        if name in kind.keyed and isinstance(value, dict):
            paths |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            paths[name] = value
    return paths


def merge_fields(
    kind: Kind,
    current: Body,
    versions: Mapping[str, int],
    *,
    base_version: int,
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
) -> Merged:
    """Settle each touched path of `mine` against the current body.

    The values of `mine` must be valid for the kind. A value that is the base the tablet saw asks for nothing, so
    an app that sends whole forms undoes nobody's work. A field is unchanged when its value is the base the tablet
    saw, or when no version after `base_version` touched it: so a tablet that edits twice before a pull does
    not conflict with itself.
    """
    taken: Body = {}
    explained: list[FieldOutcome] = []
    disputed: dict[str, Merge] = {}
    for path, asked in mine.items():
        policy = kind.policy(path) or Merge.SERVER
        value, theirs, believed = (
            _ordered(policy, it) for it in (asked, get_path(current, path), _believed(kind, base, path))
        )
        if _same(theirs, value) or _same(value, believed):  # it is so already, or nothing was changed
            continue
        is_free = _same(theirs, believed) or changed_in(versions, path) <= base_version
        if is_free or path in kind.record.fleeting:  # nobody else's value of it is kept, so nothing is lost
            taken[path] = value
            continue
        kept, stands = SETTLE[policy](theirs, value, None if believed is ABSENT else believed)
        if kept != "server" and not _same(stands, theirs):
            taken[path] = stands
        if policy in (Merge.ASK, Merge.ESCALATE):
            disputed[path] = policy
        explained.append(FieldOutcome(field=path, policy=policy.value, kept=kept, mine=value, theirs=theirs))
    return Merged(taken=taken, explained=explained, disputed=disputed)


def is_same(kind: Kind, path: str, left: Any, right: Any) -> bool:
    """Say whether two values of a path are one content."""
    policy = kind.policy(path) or Merge.SERVER
    return _same(_ordered(policy, left), _ordered(policy, right))


def changed_in(versions: Mapping[str, int], path: str) -> int:
    """Return the version that last changed a path, be it as a part of its whole map."""
    return max(versions.get(path, 1), versions.get(path.partition(".")[0], 1))


def _believed(kind: Kind, base: Mapping[str, Any], path: str) -> Any:
    """Return what the tablet saw; a field that its body lacked had its default, a key that its map lacked none."""
    head, dot, key = path.partition(".")
    seen, whole = base.get(path, ABSENT), base.get(head)
    if dot and seen is ABSENT and isinstance(whole, dict):
        seen = whole.get(key)
    return kind.defaults.get(path) if seen is None else seen


def _ordered(policy: Merge, value: Any) -> Any:
    """Return a set, which JSON writes as a list, in one order, so that order makes no difference."""
    return sorted(value) if policy is Merge.UNION and _is_texts(value) else value


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


Settled = tuple[str, Any]  # who was kept, and the value that stands


def _server(theirs: Any, _mine: Any, _base: Any) -> Settled:
    return "server", theirs


def _mine(_theirs: Any, mine: Any, _base: Any) -> Settled:
    return "mine", mine


def _extreme(pick: Callable[..., Any]) -> Callable[[Any, Any, Any], Settled]:
    def settle(theirs: Any, mine: Any, _base: Any) -> Settled:
        if theirs is None or mine is None:
            return ("mine", mine) if theirs is None else ("server", theirs)
        stands = pick(theirs, mine)
        return ("server" if _same(stands, theirs) else "mine"), stands

    return settle


def _union(theirs: Any, mine: Any, _base: Any) -> Settled:
    stands = sorted({*(theirs or ()), *(mine or ())})
    return "both", stands


def _append(theirs: Any, mine: Any, base: Any) -> Settled:
    """Keep both: rows keyed by id are added, a text's new tail goes after what stands."""
    if isinstance(theirs, list) and isinstance(mine, list):
        have = {row["id"] for row in theirs if isinstance(row, dict) and "id" in row}
        return "both", theirs + [row for row in mine if not (isinstance(row, dict) and row.get("id") in have)]
    mine, theirs, base = mine or "", theirs or "", base if isinstance(base, str) else ""
    added = mine[len(base) :] if base and mine.startswith(base) else mine
    return "both", theirs if not added.strip() else f"{theirs.rstrip()}\n{added.strip()}" if theirs else added


SETTLE: Mapping[Merge, Callable[[Any, Any, Any], Settled]] = {
    Merge.SERVER: _server,
    Merge.STAMPED: _server,
    Merge.ASK: _server,
    Merge.ESCALATE: _server,
    Merge.MINE: _mine,
    Merge.LATEST_PUSH: _mine,
    Merge.MAX: _extreme(max),
    Merge.MIN: _extreme(min),
    Merge.UNION: _union,
    Merge.APPEND: _append,
}
