"""What somebody means to do later, in played minutes."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from backend.demo.day.clock import DayClock

Do = Callable[[], object]


class Agenda:
    """Things to do, each at its minute, in the order in which they were thought of."""

    def __init__(self, day: DayClock) -> None:
        self._day, self._order = day, count()
        self._due: list[tuple[int, int, Do]] = []

    def after(self, minutes: int, do: Do) -> None:
        """Do something in so many minutes."""
        heappush(self._due, (self._day.minute + minutes, next(self._order), do))

    def step(self) -> None:
        """Do what is due."""
        while self._due and self._due[0][0] <= self._day.minute:
            heappop(self._due)[2]()
