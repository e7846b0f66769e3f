"""A customer's own word, once a teller has taken the form: proposals to the CRM, which decides them as any other."""

from collections.abc import Iterable, Sequence

import msgspec

from backend.domain.forms.models import read_head
from backend.domain.forms.rules.differences import corrections, final_values
from backend.domain.handoffs.form_stamps import find_template
from backend.domain.staff.queries import find_staff, holders_of
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.customer import Customer
from contracts.kinds.form import Form
from contracts.kinds.ticket import Ticket
from sync.puts import Put
from sync.reviews import review_id
from sync.store import Key, Stored, Write

TAKEN = frozenset({"accepted", "changed"})
REASON = "客户在预填单上更正"

_decode = msgspec.json.Decoder(Form).decode


def propose_corrections(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    """Return a request for each form that was just taken and says something that the CRM does not know."""
    taken = [(write.after.id, form) for write in writes if (form := _just_taken(write)) is not None]
    return [put for id, form in taken if (put := _request(unit, id, form, at)) is not None]


def _just_taken(write: Write) -> Form | None:
    if write.after.standing != "live":
        return None
    if read_head(write.after.body).state not in TAKEN:
        return None
    was = read_head(write.before.body).state if write.before is not None and write.before.standing == "live" else None
    return _decode(write.after.body) if was not in TAKEN else None


def _request(unit: SqlUnit, id: str, form: Form, at: str) -> Put | None:
    """Return the request, or None where nothing is to be said, or nobody to say it.

    The form must be of a customer who was known here: the one whose ticket it was, or one of its author's own.
    """
    template = find_template(unit, form)
    subject = _live(unit, Key("customer", form.customer_id or ""))
    if template is None or subject is None or form.author is None or not _is_known(unit, form, subject):
        return None
    if find_staff(unit.connection, form.author) is None:
        return None
    customer = msgspec.to_builtins(msgspec.json.decode(subject.body, type=Customer))
    found = corrections(template, final_values(form.values, form.teller_values), form.sources)
    proposed = dict(_acceptable(customer, ((one.field, one.proposed) for one in found)))
    if not proposed:
        return None
    request: Body = {
        "subject_kind": "customer", "subject_id": subject.id, "proposed": proposed, "reason": REASON,
        "believed": {one.field: one.believed for one in found if one.field in proposed},
        "author": form.author, "install_id": form.install_id, "made_at": form.confirmed_at or at,
        "state": "open", "state_by": form.author, "state_at": at,
    }  # fmt: skip
    return Put(kind="request", id=review_id(form.install_id or "", 0, id, "corrections"), body=request)


def _acceptable(customer: Body, proposed: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    """Return what differs from what the CRM has and could stand in its record."""
    for field, value in proposed:
        if customer.get(field, "") != value and _fits(customer | {field: value}):
            yield field, value


def _fits(customer: Body) -> bool:
    try:
        msgspec.convert(customer, Customer)
    except msgspec.ValidationError:
        return False
    return True


def _is_known(unit: SqlUnit, form: Form, subject: Stored) -> bool:
    ticket = _live(unit, Key("ticket", form.ticket_id or ""))
    if ticket is not None and msgspec.json.decode(ticket.body, type=Ticket).customer_id == subject.id:
        return True
    return any(form.author in holders_of(unit.connection, bucket) for bucket in subject.buckets)


def _live(unit: SqlUnit, key: Key) -> Stored | None:
    stored = unit.peek([key]).get(key)
    return stored if stored is not None and stored.standing == "live" else None
