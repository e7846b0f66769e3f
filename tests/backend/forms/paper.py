"""What the tests of forms need in one line: a shipped template, values that complete it, a customer's card."""

from datetime import date
from typing import Any

import msgspec

from backend.demo.templates import list_templates
from backend.domain.forms.rules.checking import check_form
from backend.domain.forms.rules.filling import codes_of
from contracts.kinds.card import Card
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.template import TemplateField

TODAY = date(2026, 11, 21)
IDENTITY = "352601196001010015"  # fictitious (domain-rules.md §15)
CREDIT_CODE = "9111000010169286X1"
CODES = [body["code"] for body in list_templates()]
PLAIN = {"phone": "13800000000", "email": "a@b.cn", "postcode": "350000", "tail": "1234", "date": "2026-11-21",
         "certificate": IDENTITY, "uscc": CREDIT_CODE, "flag": True, "amount": 10_000_000}  # fmt: skip


def template(code: str) -> FormTemplate:
    """Return a shipped template."""
    return next(msgspec.convert(body, FormTemplate) for body in list_templates() if body["code"] == code)


def complete_values(form: FormTemplate, **chosen: Any) -> dict[str, Any]:
    """Return values with which a form lacks nothing: whatever is asked for is answered, until nothing is asked."""
    values = dict(chosen)
    for _ in range(5):
        for lack in check_form(form, values, TODAY):
            field = next(field for field in form.fields if field.key == lack.key)
            values.setdefault(field.key, an_answer(form, field))
    return values


def an_answer(form: FormTemplate, field: TemplateField) -> Any:
    if field.type == "choice":
        return codes_of(form, field)[0].code
    if field.type == "number":
        return max(field.least or 1, 1)
    return PLAIN.get(field.type, "某某"[: field.length_max or 2])


def card(**other: Any) -> Card:
    """Return the card of a customer who waits."""
    body = {
        "branch_id": "3501", "ticket_id": IDENTITY_ID, "customer_id": IDENTITY_ID, "right": "host", "name": "林小燕",
        "gender": "F", "crm_revision": 1, "as_of": "2026-11-19T16:00:00.000Z",
        "contact": {"phone": "13800000000", "home_address": "福州市鼓楼区一号", "marital_status": "20"},
    }  # fmt: skip
    return msgspec.convert(body | other, Card)


IDENTITY_ID = "00000000-0000-4000-8000-00000000c001"
