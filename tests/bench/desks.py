"""The figures of field visits and duty, each measured by a module of its own, beside its target."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from tests.bench import compliance, grading, visits

Figures = Mapping[str, float]


class Measured(Struct, frozen=True, kw_only=True):
    """One module's measurement: at full size, and smaller for a look; which of its figures are kept."""

    whole: Callable[[], Figures]
    quick: Callable[[], Figures]
    keys: tuple[str, ...]
    size: str
    quick_size: str


# One line here is all that a new measurement needs; its targets stand in `report.TARGETS`.
MEASURED = (
    Measured(
        whole=grading.measure,
        quick=lambda: grading.measure(20, 200),
        keys=("visits_graded_s",),
        size="60 visits, 200 earlier ones of the person",
        quick_size="20 visits, 200 earlier ones of the person",
    ),
    Measured(
        whole=compliance.measure,
        quick=lambda: compliance.measure(170, 60),
        keys=("month_close_s", "month_report_ms"),
        size="1,000 managers x 300 customers, a bank with 51,000 duties",
        quick_size="170 managers x 60 customers, a bank with 10,200 duties",
    ),
    Measured(
        whole=visits.measure,
        quick=lambda: visits.measure(50_000),
        keys=("review_page_ms",),
        size="the slowest page of the queue, 1,000,000 visits, 250,000 waiting",
        quick_size="the slowest page of the queue, 50,000 visits, 12,500 waiting",
    ),
)


def measure_desks(is_quick: bool, measured: Iterable[Measured] = MEASURED) -> dict[str, tuple[float, str]]:
    """Return key → (figure, what size it was measured at)."""
    found: dict[str, tuple[float, str]] = {}
    for one in measured:
        figures = one.quick() if is_quick else one.whole()
        found |= {key: (figures[key], one.quick_size if is_quick else one.size) for key in one.keys}
    return found
