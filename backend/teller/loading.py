"""Loading a form at the counter: by the customer's pick-up code, used up thereby, or by the queue number."""

import msgspec
from msgspec import Struct

from backend.auth.partners import Partner
from backend.auth.trail import note_of_org
from backend.domain.forms.queries import Asked, forms_of_ticket, list_by_code, note_asked
from backend.domain.forms.rules.pick_up import read_code
from backend.domain.tickets.queries import list_tickets
from backend.storage.unit import SqlUnit
from backend.teller.asking import asked_before, branch_of, digest_of_request
from backend.teller.content import write_content
from backend.teller.errors import FormElsewhere, PickUpRefused
from contracts.base import Body
from contracts.kinds.form import Form
from contracts.policy import Step
from contracts.teller import LoadRequest, LoadResponse, TicketName
from sync.errors import Malformed
from sync.kind import Kinds
from sync.moves import move_record
from sync.store import Key

WAITING = ("confirmed", "bound")


class Found(Struct, frozen=True, kw_only=True):
    """A form that waits for the counter, and how many wait beside it under the same number."""

    form_id: str
    ticket_id: str | None = None
    more: int = 0


def load_form(unit: SqlUnit, kinds: Kinds, partner: Partner, request: LoadRequest, at: str) -> LoadResponse:
    """Return a form for the counter, which is loaded from then on.

    Raises PickUpRefused, whatever is wrong with the code or the number; FormElsewhere if somebody was first;
    RequestReused, NotFound and Malformed.
    """
    branch = branch_of(unit, partner, request.branch_id)
    asked = asked_before(unit, partner, request)
    if asked is not None:
        return _content(unit, Found(form_id=asked.form_id), asked.at)
    found = _get(unit, branch, request, at)
    _load(unit, kinds, partner, found, request, at)
    asked = Asked(digest=digest_of_request(request), form_id=found.form_id, at=at)
    note_asked(unit.connection, partner.partner_id, request.request_id, asked)
    note_of_org(unit, branch, partner.partner_id, "load_form", at, subject=found.form_id)
    return _content(unit, found, at)


def _get(unit: SqlUnit, branch: str, request: LoadRequest, at: str) -> Found:
    if (request.pick_up_code is None) == (request.ticket is None):
        raise Malformed("name either `pick_up_code` or `ticket`")
    if request.pick_up_code is not None:
        return _get_by_code(unit, branch, read_code(request.pick_up_code), at)
    assert request.ticket is not None
    return _get_by_ticket(unit, branch, request.ticket)


def _get_by_code(unit: SqlUnit, branch: str, code: str, at: str) -> Found:
    for id in list_by_code(unit.connection, [branch], code) if code else ():
        form = read_form(unit, id)
        is_good = form.pick_up_code == code and (form.pick_up_expires_at or "") > at
        if form.state in WAITING and is_good:
            return Found(form_id=id, ticket_id=form.ticket_id)
    raise PickUpRefused


def _get_by_ticket(unit: SqlUnit, branch: str, ticket: TicketName) -> Found:
    """Two tickets with one number are rare and accounted for; both customers' forms are found then, one by one."""
    ids = list_tickets(unit.connection, branch, ticket.date, ticket.series, ticket.number, ticket.overflow)
    rows = [(row, id) for id in ids for row in forms_of_ticket(unit.connection, id) if row.state in WAITING]
    rows = [(row, id) for row, id in rows if row.branch_id == branch]
    if not rows:
        raise PickUpRefused
    row, ticket_id = rows[0]
    return Found(form_id=row.id, ticket_id=ticket_id, more=len(rows) - 1)


def _load(unit: SqlUnit, kinds: Kinds, partner: Partner, found: Found, request: LoadRequest, at: str) -> None:
    """Bind a form that nobody bound, then load it: the matrix knows no shorter way."""
    key, by = Key("form", found.form_id), partner.partner_id
    teller: Body = {"teller": request.teller} if request.teller else {}
    bound: Body = {"ticket_id": found.ticket_id} if found.ticket_id else {}
    if read_form(unit, found.form_id).state == "confirmed":
        move_record(unit, kinds, key, "bound", bound, by=by, at=at)
    moved = move_record(unit, kinds, key, "loaded", teller, by=by, at=at)
    if moved.step is not Step.APPLY:
        raise FormElsewhere(current=moved.before, requested="loaded")


def read_form(unit: SqlUnit, id: str) -> Form:
    """Return a form, and keep others from changing it. Raises PickUpRefused if it is no more."""
    stored = unit.records([Key("form", id)]).get(Key("form", id))
    if stored is None or stored.standing != "live":
        raise PickUpRefused
    return msgspec.json.decode(stored.body, type=Form)


def _content(unit: SqlUnit, found: Found, loaded_at: str) -> LoadResponse:
    return write_content(unit, found.form_id, read_form(unit, found.form_id), loaded_at=loaded_at, more=found.more)
