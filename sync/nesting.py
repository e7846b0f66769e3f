"""What lies inside what: the maps and lists of a JSON value, found in one walk."""

from typing import Any

CONTAINERS = frozenset({dict, list})


def containers_in(value: Any) -> list[Any]:
    """Return every map and list in `value`, itself first if it is one."""
    found = [value] if type(value) in CONTAINERS else []
    for outer in found:  # which grows meanwhile
        found += [inner for inner in (outer.values() if type(outer) is dict else outer) if type(inner) in CONTAINERS]
    return found
