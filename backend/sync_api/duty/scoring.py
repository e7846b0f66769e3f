"""The score of field managers: sums that add up over teams and banks, and what is made of them (001-17, 000-04)."""

from collections.abc import Iterable, Mapping
from operator import add

from msgspec import Struct
from msgspec.structs import astuple

from backend.domain.compliance.rules.figures import Figures

WORTH_MAX = 100
WORTH: Mapping[str, int] = {"A": 100, "B": 90, "C": 50, "D": 20}  # of a visit about which nobody has decided
WORTH_ACCEPTED, WORTH_REJECTED = 90, 0  # a person has looked: as good as B, or nothing


class Basis(Struct, frozen=True):
    """What a score is made of; every number is a sum, so that a team's basis is that of its managers together."""

    required: int = 0
    fulfilled: int = 0
    duties: int = 0
    done: int = 0
    visits: int = 0
    grade_a: int = 0
    grade_b: int = 0
    grade_c: int = 0
    grade_d: int = 0
    accepted: int = 0
    rejected: int = 0
    undecided: int = 0
    worth: int = 0  # in hundredths of a visit
    good_content: int = 0
    in_time: int = 0

    def plus(self, other: "Basis") -> "Basis":
        """Return the sum."""
        return Basis(*map(add, astuple(self), astuple(other)))


class Part(Struct, frozen=True, kw_only=True):
    """One component of a score."""

    name: str
    numerator: float
    denominator: int
    weight: int

    @property
    def value(self) -> float | None:
        """The share, from 0 to 1; None where there was nothing to measure."""
        return self.numerator / self.denominator if self.denominator else None


COMPONENTS = ("duty_rate", "share_done", "quality", "content", "timely", "upheld")
NOTHING = Basis()

DEFINITIONS: Mapping[str, str] = {
    "score": "综合得分（满分 100）· 100 × Σ weight × value ÷ Σ weight, over the components that could be measured",
    "duty_rate": "走访完成率 · Σ min(counted, required) ÷ Σ required; a surplus makes good for no other customer",
    "share_done": "客户完成率 · duties wholly done ÷ duties",
    "quality": (
        f"走访质量 · mean worth of the visits: A {WORTH['A']} %, B {WORTH['B']} %, C {WORTH['C']} %, D {WORTH['D']} %"
        f" while nobody has decided; accepted by a supervisor {WORTH_ACCEPTED} % (an A stays an A), rejected 0 %"
    ),
    "content": "走访内容 · visits whose text is neither too short nor copied (flags text_short, text_reused) ÷ visits",
    "timely": "及时上传 · visits that arrived within 48 hours (no flag late_sync) ÷ visits",
    "upheld": "复核通过率 · accepted ÷ (accepted + rejected); visits whose appeal is open are neither",
    "visits": "走访次数 · graded visits of the month; of a visit and its corrections, one",
    "undecided": "待复核 · visits that wait for a supervisor",
    "team": "团队 · a team is the managers of a branch; its score is made of their sums, not the mean of their scores",
    "whose": "归属 · duties stand with the institution that hosts the customer, visits with that of the visitor",
}


def basis_of(figures: Figures) -> Basis:
    """Return what duties bring to a basis."""
    return Basis(
        required=figures.required, fulfilled=figures.fulfilled, duties=figures.duties, done=figures.done
    )  # fmt: skip


def parts_of(basis: Basis, weights: Mapping[str, int]) -> list[Part]:
    """Return the components of a score in the order in which they are explained."""
    shares: Mapping[str, tuple[float, int]] = {
        "duty_rate": (basis.fulfilled, basis.required),
        "share_done": (basis.done, basis.duties),
        "quality": (basis.worth / WORTH_MAX, basis.visits),
        "content": (basis.good_content, basis.visits),
        "timely": (basis.in_time, basis.visits),
        "upheld": (basis.accepted, basis.accepted + basis.rejected),
    }
    return [
        Part(name=name, numerator=numerator, denominator=denominator, weight=weights[name])
        for name, (numerator, denominator) in shares.items()
    ]


def points_max_of(part: Part, parts: Iterable[Part]) -> float | None:
    """Return how much of 100 a component can bring: what could not be measured leaves its weight to the others."""
    measured = sum(one.weight for one in parts if one.value is not None)
    return 100 * part.weight / measured if part.value is not None and measured else None


def score_of(parts: Iterable[Part]) -> float | None:
    """Return the score from 0 to 100, or None where nothing could be measured."""
    known = [(part.weight, part.value) for part in parts if part.value is not None]
    weight = sum(one for one, _ in known)
    return 100 * sum(one * value for one, value in known) / weight if weight else None
