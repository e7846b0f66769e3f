"""A manager's month: which customer on which day, made from the duties that the tablet shows."""

from collections.abc import Iterable, Sequence
from datetime import date
from random import Random

from msgspec import Struct

from backend.demo.month.oddities import Oddity

# When visits end: far enough apart that nobody has to drive too fast, and nobody is with two customers at once.
SLOTS_MIN = (9 * 60 + 40, 11 * 60, 13 * 60 + 40, 15 * 60, 16 * 60 + 20, 17 * 60 + 40)
LATE_MIN = 10  # so late a visit may end after its slot

Place = tuple[date, int]  # a slot of a day


class Appointment(Struct, kw_only=True):
    """A visit that somebody means to make; it ends so late after its slot."""

    day: date
    slot_min: int
    late_min: int
    customer_id: str
    oddity: Oddity | None = None

    @property
    def place(self) -> Place:
        """When it is."""
        return self.day, self.slot_min

    @property
    def minute(self) -> int:
        """The minute of the day at which the visit ends."""
        return self.slot_min + self.late_min


def appoint(
    random: Random, wanted: Iterable[tuple[str, int]], days: Sequence[date], taken: Iterable[Place] = ()
) -> list[Appointment]:  # fmt: skip
    """Return appointments in order: of each customer so many, each on a day of its own, none where one is `taken`.

    Whoever has no day left goes without: nobody works at night.
    """
    used = set(taken)
    made = []
    for customer_id, count in wanted:
        for day in sorted(random.sample(days, min(count, len(days)))):
            free = [slot_min for slot_min in SLOTS_MIN if (day, slot_min) not in used]
            if free:
                slot_min, late_min = random.choice(free), random.randint(0, LATE_MIN)
                made.append(Appointment(day=day, slot_min=slot_min, late_min=late_min, customer_id=customer_id))
                used.add((day, slot_min))
    return sorted(made, key=lambda one: one.place)


def move_to(appointments: Sequence[Appointment], one: Appointment, days: Sequence[date]) -> None:
    """Put an appointment off to one of some days on which its customer is not visited anyway, and that has room."""
    others = [other for other in appointments if other is not one]
    used = {other.place for other in others}
    seen = {other.day for other in others if other.customer_id == one.customer_id}
    free = [(day, slot) for day in days if day not in seen for slot in SLOTS_MIN if (day, slot) not in used]
    assert free, "these days are full"
    one.day, one.slot_min = free[0]
