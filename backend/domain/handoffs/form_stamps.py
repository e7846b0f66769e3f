"""What the server writes on a form by itself: a pick-up code when it is ready, and masks when it has ended."""

from collections.abc import Sequence
from functools import partial

import msgspec

from backend.domain.forms.models import read_head
from backend.domain.forms.queries import is_code_taken
from backend.domain.forms.rules.life import template_of
from backend.domain.forms.rules.masking import mask_values
from backend.domain.forms.rules.pick_up import digest_of, expiry_of, make_code
from backend.storage.reactions import Reaction
from backend.storage.secrets import secret_within
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.form import ENDED, Form
from sync.puts import Put
from sync.store import Key, Write

WAITING = frozenset({"confirmed", "bound"})  # for the counter
MASKED = ("values", "sources", "teller_values")
ATTEMPTS_MAX = 20

_decode = msgspec.json.Decoder(Form).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def stamping_forms(pick_up_code_h: int) -> Reaction:
    """Return the reaction that stamps forms; a code is good for `pick_up_code_h` hours."""
    return partial(_stamp_forms, pick_up_code_h)


def digest_of_values(values: Body) -> str:
    """Return the digest by which a customer's confirmation knows its values."""
    return digest_of(_encode(values))


def _stamp_forms(pick_up_code_h: int, unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
    puts = []
    for write in writes:
        form = _decode(write.after.body)
        news = _stamps(unit, write, form, at, pick_up_code_h)
        body: Body = msgspec.to_builtins(form)
        if any(body.get(name) != value for name, value in news.items()):
            puts.append(Put(kind="form", id=write.after.id, body=body | news))
    return puts


def _stamps(unit: SqlUnit, write: Write, form: Form, at: str, pick_up_code_h: int) -> Body:
    has_moved = form.state != _state_before(write)
    if form.state in WAITING:
        confirmed: Body = {
            "confirmed_digest": digest_of_values(msgspec.to_builtins(form.values)),
            "confirmed_at": form.confirmed_at or form.state_at or at,  # a tablet need not say when
        }
        news = confirmed if has_moved and form.state == "confirmed" else {}
        is_good = form.pick_up_code and form.pick_up_expires_at and form.pick_up_expires_at > at
        if is_good or (form.pick_up_code and not has_moved):
            return news
        code = _fresh_code(unit, form.branch_id, write.after.id, at)
        return news | {"pick_up_code": code, "pick_up_expires_at": expiry_of(at, pick_up_code_h)}
    spent: Body = {"pick_up_code": "", "pick_up_expires_at": None} if form.pick_up_code else {}
    if form.state in ENDED:
        return spent | _masks(unit, form)
    if form.state == "loaded" or form.confirmed_digest is None:
        return spent
    return spent | {"confirmed_digest": None, "confirmed_at": None}  # taken back: the customer confirms anew


def _fresh_code(unit: SqlUnit, branch_id: str, form_id: str, at: str) -> str:
    secret = secret_within(unit.connection)
    codes = (make_code(secret, form_id, at, attempt) for attempt in range(ATTEMPTS_MAX))
    return next(code for code in codes if not is_code_taken(unit.connection, branch_id, code, form_id))


def _masks(unit: SqlUnit, form: Form) -> Body:
    """A certificate number is kept in full only while the form is open (requirements.md, section 2)."""
    template, body = find_template(unit, form), msgspec.to_builtins(form)
    return {name: mask_values(template, body[name]) for name in MASKED if body.get(name)}


def find_template(unit: SqlUnit, form: Form) -> FormTemplate | None:
    """Return the template of a form's own version, if this server has it."""
    stored = unit.peek([Key("form_template", form.template_id)]).get(Key("form_template", form.template_id))
    if stored is None or stored.standing != "live":
        return None
    whole = msgspec.to_builtins(msgspec.json.decode(stored.body, type=FormTemplate))
    return template_of({"template_version": form.template_version}, {"template_version": 1, **whole})


def _state_before(write: Write) -> str | None:
    if write.before is None or write.before.standing != "live":
        return None
    return read_head(write.before.body).state
