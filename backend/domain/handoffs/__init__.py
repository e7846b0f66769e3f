"""Where slices meet: what a write of one means for the records of another, in the same transaction."""

from collections.abc import Mapping, Sequence

from backend.domain.handoffs import contacts, duty
from backend.domain.handoffs.alerts import tell_of_alerts
from backend.domain.handoffs.arrivals import Arrivals
from backend.domain.handoffs.colleagues import show_busy
from backend.domain.handoffs.counters import end_earlier_tickets
from backend.domain.handoffs.forms import following_forms
from backend.domain.handoffs.lobby_notes import note_hours
from backend.domain.handoffs.offers import add_offers, offer_settings
from backend.domain.handoffs.reveals import on_reveals
from backend.domain.handoffs.reviews import queue_grades, take_replies
from backend.domain.handoffs.visits import VISIT_AGAIN, Grader, thresholds_of
from backend.settings import Settings
from backend.storage.reactions import Reaction

# A visit is in hand once it is committed; what it is worth, and what it is worth to others, is found a moment later.
LATER = frozenset({"visit"})


def list_reactions(settings: Settings) -> Mapping[str, Sequence[Reaction]]:
    """Return kind → what follows when records of it were written, in this order: the ledger before the cards."""
    arrivals = Arrivals(
        claims_per_hour=settings.identify_per_hour, stale_h=settings.offline_money_h,
        additions=[add_offers(offer_settings(settings))],
    )  # fmt: skip
    grader = Grader(limits=thresholds_of(settings))
    return {
        "contact": [contacts.on_contacts, arrivals.on_contacts],
        "customer": [arrivals.on_customers, duty.on_customers],
        "form": [following_forms(settings.pick_up_code_h)],
        "holding": [arrivals.on_belongings, duty.on_holdings],
        "plan": [show_busy],
        "relation": [contacts.on_relations, arrivals.on_belongings],
        "reminder": [arrivals.on_belongings],
        "reveal": [on_reveals],
        "ticket": [end_earlier_tickets, contacts.on_tickets, arrivals.on_tickets, note_hours],
        "visit": [grader.grade_visits],
        VISIT_AGAIN: [grader.grade_again],
        "visit_grade": [
            contacts.on_grades,
            arrivals.on_grades,
            duty.on_visits,
            queue_grades,
            grader.judge_kin_again,
            tell_of_alerts,
        ],
        "visit_reply": [take_replies],
    }
