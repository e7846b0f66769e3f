"""The registry: every record kind with its slice's policy. A new kind is one line here."""

from backend.domain.catalog import policy as catalog
from backend.domain.customers import policy as customers
from backend.domain.forms import policy as forms
from backend.domain.requests import policy as requests
from backend.domain.reviews import policy as reviews
from backend.domain.tasks import policy as tasks
from backend.domain.tickets import policy as tickets
from backend.domain.visits import policy as visits
from contracts.kinds import Customer, Form, FormTemplate, Holding, Org, Product, Request, Review, Task, Ticket, Visit
from sync.kind import Kind, Kinds

KINDS: Kinds = {
    kind.name: kind
    for kind in (
        Kind(Ticket, tickets.buckets, may=tickets.may),
        Kind(Form, forms.buckets, may=forms.may),
        Kind(Visit, visits.buckets, may=visits.may, is_outbound=True),
        Kind(Customer, customers.customer_buckets, propose=customers.propose),
        Kind(Holding, customers.holding_buckets),
        Kind(Task, tasks.buckets),
        Kind(Request, requests.buckets, may=requests.may, is_outbound=True),
        Kind(Review, reviews.buckets),
        Kind(Org, catalog.buckets),
        Kind(Product, catalog.buckets),
        Kind(FormTemplate, catalog.buckets),
    )
}
