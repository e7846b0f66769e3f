"""The registry: every record kind with its slice's policy. A new kind is one line here."""

from functools import partial

from backend.domain.catalog import policy as catalog
from backend.domain.compliance import policy as compliance
from backend.domain.customers import policy as customers
from backend.domain.forms import policy as forms
from backend.domain.marketing import policy as marketing
from backend.domain.requests import policy as requests
from backend.domain.reviews import policy as reviews
from backend.domain.tasks import policy as tasks
from backend.domain.tickets import policy as tickets
from backend.domain.tickets.rules.life import CallRule, check_calls
from backend.domain.visits import policy as visits
from contracts import kinds as k
from sync.kind import Kind, Kinds

KINDS: Kinds = {
    kind.name: kind
    for kind in (
        Kind(k.Ticket, tickets.buckets, may=tickets.may, check=partial(check_calls, rule=CallRule())),
        Kind(k.Counter, tickets.branch_buckets, may=tickets.may),
        Kind(k.Pace, tickets.branch_buckets),
        Kind(k.Card, customers.card_buckets),
        Kind(k.Contact, marketing.buckets, may=marketing.may, check=marketing.check, is_outbound=True),
        Kind(k.Form, forms.buckets, may=forms.may, gate=forms.gate),
        Kind(k.Visit, visits.buckets, may=visits.may, is_outbound=True),
        Kind(k.VisitGrade, visits.buckets),
        Kind(k.VisitReply, visits.buckets, may=visits.may),
        Kind(k.Customer, customers.customer_buckets, propose=customers.propose),
        Kind(k.Holding, customers.holding_buckets),
        Kind(k.Relation, customers.holding_buckets),
        Kind(k.Reminder, customers.holding_buckets, is_outbound=True),
        Kind(k.Task, tasks.buckets),
        Kind(k.Plan, tasks.plan_buckets, check=tasks.check_plan),
        Kind(k.Busy, tasks.busy_buckets),
        Kind(k.Lead, tasks.lead_buckets, may=tasks.may_follow),
        Kind(k.Notice, tasks.notice_buckets, may=tasks.may_post),
        Kind(k.Letter, tasks.letter_buckets),
        Kind(k.Note, tasks.own_buckets),
        Kind(k.Preference, tasks.own_buckets),
        Kind(k.Request, requests.buckets, may=requests.may, is_outbound=True),
        Kind(k.Review, reviews.buckets),
        Kind(k.Reveal, customers.reveal_buckets),
        Kind(k.Duty, compliance.buckets),
        Kind(k.Org, catalog.buckets),
        Kind(k.Product, catalog.buckets),
        Kind(k.Script, catalog.buckets, check=catalog.check_script),
        Kind(k.CodeList, catalog.buckets),
        Kind(k.FormTemplate, catalog.buckets, check=forms.check_declaration),
    )
}


def kinds_with(calls: CallRule) -> Kinds:
    """Return the kinds under a bank's own rule of calls."""
    check = partial(check_calls, rule=calls)
    return {**KINDS, "ticket": Kind(k.Ticket, tickets.buckets, may=tickets.may, check=check)}
