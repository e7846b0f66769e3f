"""Finding forms, and remembering what teller systems asked."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from backend.domain.forms.models import form, teller_request

PAGE = 200
TICKET_FORMS_MAX = 20  # of one ticket


class FormRow(Struct, frozen=True, kw_only=True):
    """A form as far as SQL knows it; `open_since` tells when it last moved on, None once it has ended."""

    id: str
    branch_id: str
    state: str
    open_since: str | None


class Asked(Struct, frozen=True, kw_only=True):
    """A teller system's request that was answered."""

    digest: str
    form_id: str
    at: str


def list_by_code(connection: Connection, branches: Collection[str], code: str) -> list[str]:
    """Return the forms of these branches with a pick-up code; a code stands for one form of its branch."""
    chosen = select(form.c.id).where(form.c.branch_id.in_(sorted(branches)), form.c.pick_up_code == code)
    return list(connection.scalars(chosen.order_by(form.c.id).limit(2)))


def is_code_taken(connection: Connection, branch_id: str, code: str, form_id: str) -> bool:
    """Say whether another form of the branch has this code."""
    return any(id != form_id for id in list_by_code(connection, [branch_id], code))


def forms_of_ticket(connection: Connection, ticket_id: str) -> list[FormRow]:
    """Return a ticket's forms, the oldest first."""
    columns = [form.c[name] for name in FormRow.__struct_fields__]
    chosen = select(*columns).where(form.c.ticket_id == ticket_id).order_by(form.c.begun_at, form.c.id)
    return [FormRow(**row._mapping) for row in connection.execute(chosen.limit(TICKET_FORMS_MAX))]


def list_open(connection: Connection, before: str, after: tuple[str, str] = ("", "")) -> list[FormRow]:
    """Return a page of forms that have not ended and moved last before a moment, the stillest first."""
    columns = [form.c[name] for name in FormRow.__struct_fields__]
    moved_at, last = after
    is_after = (form.c.open_since > moved_at) | ((form.c.open_since == moved_at) & (form.c.id > last))
    chosen = select(*columns).where(form.c.open_since < before, is_after)
    rows = connection.execute(chosen.order_by(form.c.open_since, form.c.id).limit(PAGE))
    return [FormRow(**row._mapping) for row in rows]


def find_asked(connection: Connection, partner_id: str, request_id: str) -> Asked | None:
    """Return what a request was about, if it was answered before."""
    columns = [teller_request.c[name] for name in Asked.__struct_fields__]
    which = teller_request.c.partner_id == partner_id, teller_request.c.request_id == request_id
    row = connection.execute(select(*columns).where(*which)).one_or_none()
    return Asked(**row._mapping) if row else None


def note_asked(connection: Connection, partner_id: str, request_id: str, asked: Asked) -> None:
    """Remember that a request was answered."""
    told = {name: getattr(asked, name) for name in Asked.__struct_fields__}
    connection.execute(insert(teller_request).values(partner_id=partner_id, request_id=request_id, **told))


def forget_asked(connection: Connection, before: str) -> int:
    """Forget the requests that were answered before a moment, and return how many those were."""
    return connection.execute(delete(teller_request).where(teller_request.c.at < before)).rowcount
