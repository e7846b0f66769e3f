"""Random loans, owners, visits, rules and calendars around November 2026, small enough to collide."""

from datetime import date, timedelta

from hypothesis import strategies as st

from backend.domain.compliance.rules.calendar import Calendar
from backend.domain.compliance.rules.facts import CORRECTED, DOUBTED, Dossier, Exemption, Loan, Stint, VisitFact
from backend.domain.compliance.rules.periods import Cadence
from backend.domain.compliance.rules.versions import Basis, Measurement, RuleVersion

START = date(2026, 10, 20)
SPAN_D = 60
CUSTOMER = "c1"
PEOPLE = ("f1", "f2", "f3")

days = st.integers(0, SPAN_D).map(lambda n: START + timedelta(days=n))
amounts = st.sampled_from([0, 10, 20, 30, 50])
months = st.sampled_from(["2026-10", "2026-11", "2026-12"])


@st.composite
def loans(draw, n: int) -> Loan:
    opened_on = draw(days)
    settled_on = draw(st.none() | st.none() | days.filter(lambda day: day > opened_on)) if opened_on < _end() else None
    balances = draw(st.dictionaries(days, amounts, min_size=1, max_size=4))
    org_id = draw(st.sampled_from(["3501", "3502"]))
    return Loan(
        loan_id=f"l{n}", org_id=org_id, bank_id=draw(st.sampled_from(["35", "35", "36"])), opened_on=opened_on,
        settled_on=settled_on, balances=tuple(sorted(balances.items())), contract_fen=draw(amounts),
    )  # fmt: skip


@st.composite
def stints(draw) -> tuple[Stint, ...]:
    """Owners one after the other, sometimes with nobody between."""
    found: list[Stint] = []
    day = START + timedelta(days=draw(st.integers(-5, 20)))
    while day <= _end() and len(found) < 4:
        last = day + timedelta(days=draw(st.integers(0, 40)))
        found.append(Stint(staff_no=draw(st.sampled_from(PEOPLE)), portfolio_id="p", first=day, last=last))
        day = last + timedelta(days=1 + draw(st.sampled_from([0, 0, 0, 3, 12])))
    return tuple(found)


@st.composite
def dossiers(draw) -> Dossier:
    count = draw(st.integers(0, 3))
    helpers = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), days, days), max_size=1))
    return Dossier(
        customer_id=CUSTOMER, org_id="3501", bank_id="35", loans=tuple(draw(loans(n)) for n in range(count)),
        owners=draw(stints()),
        managers=tuple(Stint(staff_no=who, portfolio_id="q", first=a, last=max(a, b)) for who, a, b in helpers),
    )  # fmt: skip


@st.composite
def rules(draw, cadence: Cadence | None = None, code: str = "monthly") -> RuleVersion:
    return RuleVersion(
        rule_id="r1", code=code, org_id="35", valid_from_month="2026-01",
        cadence=cadence or draw(st.sampled_from(Cadence)), threshold_fen=draw(st.sampled_from([0, 10, 20, 30])),
        min_visits=draw(st.integers(1, 4)), basis=draw(st.sampled_from(Basis)),
        measurement=draw(st.sampled_from(Measurement)), min_gap_days=draw(st.sampled_from([1, 1, 3, 7])),
        min_content_chars=draw(st.sampled_from([0, 10])), is_prorated=draw(st.booleans()),
        visit_types=draw(st.sampled_from([frozenset({"on_site"}), frozenset({"on_site", "phone"})])),
        auto_grades=draw(st.sampled_from([frozenset({"A", "B"}), frozenset({"A"})])),
        eligible_workdays_min=draw(st.sampled_from([5, 0, 2])), due_workdays=draw(st.sampled_from([15, 3])),
    )  # fmt: skip


@st.composite
def visit_lists(draw, customer_id: str = CUSTOMER) -> list[VisitFact]:
    made = draw(st.lists(st.tuples(days, st.integers(0, 3), st.sampled_from(PEOPLE)), max_size=12))
    return [
        VisitFact(
            visit_id=f"{customer_id}-v{n}", customer_id=customer_id, visitor=who,
            type=draw(st.sampled_from(["on_site", "on_site", "on_site", "phone"])), day=day,
            t_est=f"{day}T0{hour}:00:00.000Z", grade=draw(st.sampled_from("AABCD")),
            review=draw(st.sampled_from(["counted", "counted", "pending", "accepted", "rejected", CORRECTED, DOUBTED])),
            content_chars=draw(st.sampled_from([40, 40, 40, 9, 0])),
            has_coordinate=draw(st.sampled_from([True, True, True, False])),
        )
        for n, (day, hour, who) in enumerate(made)
    ]  # fmt: skip


@st.composite
def calendars(draw) -> Calendar:
    """Some weekdays off, some weekend days worked; once in a while a month with hardly a working day."""
    told = draw(st.dictionaries(days, st.booleans(), max_size=12))
    if draw(st.integers(0, 9)) == 0:
        told |= {date(2026, 11, n): False for n in range(1, draw(st.integers(8, 31)))}
    return Calendar(days=told, version="made up")


exemptions = st.lists(
    st.builds(
        Exemption, customer_id=st.sampled_from([CUSTOMER, "c2"]), code=st.sampled_from(["", "monthly", "other"]),
        first_month=months, last_month=months,
    ),
    max_size=1,
)  # fmt: skip


def _end() -> date:
    return START + timedelta(days=SPAN_D)
