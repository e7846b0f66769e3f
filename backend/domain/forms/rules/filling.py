"""Prefilling: what the branch knows of the waiting customer, put into a form with its source and its age."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from backend.domain.forms.rules.conditions import is_filled
from contracts.base import Body
from contracts.kinds.card import Card
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.template import ListCode, TemplateField

CRM = "crm"


class Filled(Struct, frozen=True, kw_only=True):
    """A prefilled value, and how much it can be trusted."""

    value: Any
    source: str
    as_of: str
    age_d: int  # full days between the source's word and today


def prefill(template: FormTemplate, card: Card, today: date) -> dict[str, Filled]:
    """Return key → value for every field that the customer's card can fill, and for those that repeat another field.

    A choice whose code the template does not know stays empty. The card holds no more than the branch may see (001-11).
    """
    age_d = _age_d(card.as_of, today)
    filled: dict[str, Filled] = {}
    for field in template.fields:
        value = _of_card(template, field, card)
        if is_filled(value):
            filled[field.key] = Filled(value=value, source=CRM, as_of=card.as_of, age_d=age_d)
        elif field.same_as in filled:
            filled[field.key] = filled[field.same_as]
    return filled


def as_patch(filled: Mapping[str, Filled]) -> Body:
    """Return what a tablet patches into a form: each value, and beside it where it came from and what it was."""
    patch: Body = {}
    for key, one in filled.items():
        patch[f"values.{key}"] = one.value
        patch[f"sources.{key}"] = {"source": one.source, "as_of": one.as_of, "was": one.value}
    return patch


def repeat_fields(template: FormTemplate, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of empty fields that repeat another until somebody types: 通讯地址 is 家庭地址 (003 §3.1.4)."""
    return {
        field.key: values[field.same_as]
        for field in template.fields
        if field.same_as and not is_filled(values.get(field.key)) and is_filled(values.get(field.same_as))
    }


def code_of(template: FormTemplate, field: TemplateField, value: object) -> str | None:
    """Return the code that a choice's value means, in whatever spelling, or None."""
    return next((code.code for code in codes_of(template, field) if value in (code.code, *code.also)), None)


def codes_of(template: FormTemplate, field: TemplateField) -> list[ListCode]:
    """Return the codes that a choice may have."""
    return next((found.codes for found in template.lists if found.name == field.code_list), [])


def _of_card(template: FormTemplate, field: TemplateField, card: Card) -> Any:
    head, _, key = field.prefill.partition(".")
    found = getattr(card, head, None) if head else None
    value = found.get(key) if key and isinstance(found, dict) else found
    return code_of(template, field, value) if field.type == "choice" else value


def _age_d(as_of: str, today: date) -> int:
    try:
        return max((today - date.fromisoformat(as_of[:10])).days, 0)
    except ValueError:
        return 0
