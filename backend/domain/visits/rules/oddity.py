"""An oddity: a flag's code with the numbers that its sentence needs."""

from collections.abc import Mapping
from typing import NamedTuple


class Oddity(NamedTuple):
    """What is odd; `other` is the visit that it was compared with."""

    code: str
    args: Mapping[str, int | str] = {}
    other: str | None = None
