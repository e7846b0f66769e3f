"""What the teller made of a form: accepted, changed and signed again, or rejected with a reason."""

import msgspec

from backend.auth.partners import Partner
from backend.auth.trail import note_of_org
from backend.domain.forms.queries import Asked, note_asked
from backend.domain.forms.rules.checking import check_form
from backend.domain.forms.rules.differences import teller_difference
from backend.domain.forms.rules.life import business_date_of
from backend.domain.forms.rules.masking import mask_values
from backend.domain.handoffs.form_stamps import find_template
from backend.domain.orgs.queries import orgs_below
from backend.storage.unit import SqlUnit
from backend.teller.asking import asked_before, digest_of_request
from backend.teller.errors import FormElsewhere, ResultInvalid, SecretTold
from contracts.base import Body
from contracts.kinds.form import Form
from contracts.policy import Step
from contracts.teller import ResultRequest, ResultResponse
from sync.errors import NotFound
from sync.kind import Kinds
from sync.moves import move_record
from sync.secrets import carries_secret
from sync.store import Key


def take_result(unit: SqlUnit, kinds: Kinds, partner: Partner, request: ResultRequest, at: str) -> ResultResponse:
    """End a loaded form as the teller says.

    Raises SecretTold for a password or PIN, ResultInvalid for a result that does not hold, FormElsewhere if the form is
    not loaded, RequestReused, and NotFound for a form of somebody else's branch.
    """
    if carries_secret([request.values, request.reason]):
        raise SecretTold("a password, PIN or card secret is never stored; nothing of this request was kept")
    asked = asked_before(unit, partner, request)
    form = _form(unit, partner, request.form_id)
    if asked is None:
        _end(unit, kinds, partner, form, request, at)
        asked = Asked(digest=digest_of_request(request), form_id=request.form_id, at=at)
        note_asked(unit.connection, partner.partner_id, request.request_id, asked)
    return _answer(_form(unit, partner, request.form_id), request.form_id)


def _end(unit: SqlUnit, kinds: Kinds, partner: Partner, form: Form, request: ResultRequest, at: str) -> None:
    facts = _facts(form, request)
    if form.state == "loaded":
        _check_values(unit, form, request, at)
    key = Key("form", request.form_id)
    moved = move_record(unit, kinds, key, request.outcome, facts, by=partner.partner_id, at=at)
    if moved.step in (Step.SUPERSEDE, Step.PARK) or _is_other_word(unit, form, request):
        raise FormElsewhere(current=moved.before, requested=request.outcome)
    note_of_org(
        unit, form.branch_id, partner.partner_id, "end_form", at, subject=request.form_id, result=request.outcome
    )  # fmt: skip


def _facts(form: Form, request: ResultRequest) -> Body:
    """Return what is kept of the teller's word; only what differs, beside what the customer had signed."""
    teller: Body = {"teller": request.teller} if request.teller else {}
    differs = {one.key: one.teller for one in teller_difference(msgspec.to_builtins(form.values), request.values)}
    if request.outcome == "rejected":
        if not request.reason.strip():
            raise ResultInvalid("a rejection needs its `reason`", fields=["reason"])
        return teller | {"reject_reason": request.reason}
    if request.outcome == "accepted":
        if differs and form.state == "loaded":
            raise ResultInvalid("a form that the teller changed is `changed`, not accepted", fields=sorted(differs))
        return teller
    if not differs and form.state == "loaded":
        raise ResultInvalid("nothing differs from what the customer signed: it is `accepted`", fields=["values"])
    if request.resignature is None:
        raise ResultInvalid("what a teller changes is signed again: `resignature`", fields=["resignature"])
    signed = {"resigned_at": request.resignature.signed_at, "resignature": request.resignature.sha256}
    return teller | signed | {"teller_values": differs}


def _check_values(unit: SqlUnit, form: Form, request: ResultRequest, at: str) -> None:
    """Raise ResultInvalid for a key that the form does not have, or a value that the customer could not sign either."""
    template = find_template(unit, form)
    if template is None:
        return
    signed: Body = msgspec.to_builtins(form.values)
    if unknown := sorted(request.values.keys() - {field.key for field in template.fields} - signed.keys()):
        raise ResultInvalid(f"the form has no such field: {', '.join(unknown)}", fields=unknown)
    lacks = check_form(template, signed | request.values, business_date_of(at))
    if wrong := [lack for lack in lacks if lack.key in request.values]:
        raise ResultInvalid("；".join(lack.words for lack in wrong), fields=[lack.key for lack in wrong])


def _is_other_word(unit: SqlUnit, form: Form, request: ResultRequest) -> bool:
    """Say whether a form that ended as told was changed in other ways: nothing of this word would be kept."""
    if form.state != "changed":
        return False
    told = mask_values(find_template(unit, form), request.values)
    return bool(teller_difference(msgspec.to_builtins(form.values) | msgspec.to_builtins(form.teller_values), told))


def _form(unit: SqlUnit, partner: Partner, form_id: str) -> Form:
    stored = unit.records([Key("form", form_id)]).get(Key("form", form_id))
    if stored is None or stored.standing != "live":
        raise NotFound("there is no such form")
    form = msgspec.json.decode(stored.body, type=Form)
    if form.branch_id not in orgs_below(unit.connection, partner.org_id):
        raise NotFound("there is no such form")
    return form


def _answer(form: Form, form_id: str) -> ResultResponse:
    changed = sorted(form.teller_values)
    return ResultResponse(form_id=form_id, state=form.state, changed=changed, ended_at=form.state_at or "")
