"""A form as the counter gets it: in the template's order, in the bank's codes, each value with its source."""

import msgspec

from backend.domain.forms.rules.checking import check_form
from backend.domain.forms.rules.conditions import is_filled, is_shown
from backend.domain.forms.rules.filling import code_of, repeat_fields
from backend.domain.forms.rules.life import business_date_of
from backend.domain.handoffs.form_stamps import digest_of_values, find_template
from backend.storage.unit import SqlUnit
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.customer import Customer
from contracts.kinds.form import Form
from contracts.kinds.template import TemplateField
from contracts.teller import LoadedField, LoadResponse
from sync.store import Key

YES, NO = "0", "1"  # as the bank's tables have inverted flags (003 §3.1.1)


def write_content(unit: SqlUnit, form_id: str, form: Form, *, loaded_at: str, more: int) -> LoadResponse:
    """Return a form for the counter; one whose template this server lacks comes with its bare values."""
    template = find_template(unit, form)
    values: Body = msgspec.to_builtins(form.values)
    lacks = check_form(template, values, business_date_of(loaded_at)) if template else []
    is_ended = form.state != "loaded"  # then certificate numbers are masked, and nothing is to be checked any more
    return LoadResponse(
        form_id=form_id,
        branch_id=form.branch_id,
        template_code=template.code if template else "",
        template_version=form.template_version,
        title=template.title if template else "",
        customer_no=_customer_no(unit, form),
        ticket_id=form.ticket_id,
        fields=_fields(template, form, {**values, **repeat_fields(template, values)}) if template else _bare(values),
        papers=sorted(code for code, is_seen in form.papers.items() if is_seen),
        lacks=[] if is_ended else [lack.words for lack in lacks],
        confirmed_at=form.confirmed_at,
        is_as_confirmed=is_ended or form.confirmed_digest in (None, digest_of_values(values)),
        loaded_at=loaded_at,
        more=more,
    )


def _fields(template: FormTemplate, form: Form, values: Body) -> list[LoadedField]:
    shown = [field for field in template.fields if is_shown(field, values) and is_filled(values.get(field.key))]
    known = {field.key for field in template.fields}
    others = {key: value for key, value in values.items() if key not in known}
    return [_field(template, field, form, values) for field in shown] + _bare(others)


def _field(template: FormTemplate, field: TemplateField, form: Form, values: Body) -> LoadedField:
    value, source = values[field.key], form.sources.get(field.key)
    return LoadedField(
        key=field.key,
        label=field.label,
        type=field.type,
        value=value,
        code=_code(template, field, value),
        source=source.source if source else "",
        as_of=source.as_of if source else "",
        is_changed=source is not None and source.was != value,
    )


def _code(template: FormTemplate, field: TemplateField, value: object) -> str:
    if field.type == "choice":
        return code_of(template, field, value) or ""
    if field.type == "flag" and field.is_inverted:
        return YES if value is True else NO
    return ""


def _bare(values: Body) -> list[LoadedField]:
    return [LoadedField(key=key, label=key, type="text", value=value) for key, value in values.items()]


def _customer_no(unit: SqlUnit, form: Form) -> str:
    key = Key("customer", form.customer_id or "")
    stored = unit.peek([key]).get(key)
    if stored is None or stored.standing != "live":
        return ""
    return msgspec.json.decode(stored.body, type=Customer).customer_no
