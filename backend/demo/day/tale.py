"""The day as it is told on the screen: one line of figures an hour, and a line for everything out of the ordinary."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from unicodedata import east_asian_width

from backend.domain.customers.rules.masking import mask_phone

Say = Callable[[str], None]
VALUE_LENGTH_MAX = 24


def mask_value(value: Any) -> str:
    """Return a value as the screen may show it: of a long number only both ends."""
    text = "nothing" if value in (None, "") else " / ".join(str(value).splitlines())
    if isinstance(value, list):
        text = " + ".join(map(str, value))
    if len(text) == 11 and text.isdigit():
        return mask_phone(text)
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 1] + "…"


def width(text: str) -> int:
    """Return how many columns a text takes on a screen: a Chinese character has two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def align(rows: Sequence[Sequence[object]]) -> list[str]:
    """Return rows as lines with their columns below each other: the first to the left, figures to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(width(row[at]) for row in cells) for at in range(len(cells[0]))]
    blanks = [[" " * (columns - width(cell)) for cell, columns in zip(row, widths, strict=True)] for row in cells]
    return [
        "  ".join([row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))])
        for row, gaps in zip(cells, blanks, strict=True)
    ]


class Tale:
    """Tells the day as it goes."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._told: list[str] = []
        self._before: Counter[str] = Counter()

    def note(self, hour: str, text: str) -> None:
        """Remember something for the end of this hour."""
        self._told.append(f"       {hour}  {text}")

    def title(self, text: str) -> None:
        """Begin a part."""
        self._say(f"\n── {text} {'─' * max(0, 100 - len(text))}")

    def lines(self, texts: Sequence[str]) -> None:
        """Say some lines."""
        for text in texts:
            self._say(f"  {text}")

    def end_hour(self, hour: str, totals: Counter[str]) -> None:
        """Tell the hour's figures, the difference to the totals of an hour ago, then what was noted."""
        figures = " · ".join(f"{totals[name] - self._before[name]:3d} {name}" for name in totals)
        self._say(f"  {hour}  {figures}")
        for line in self._told:
            self._say(line)
        self._before, self._told = Counter(totals), []
