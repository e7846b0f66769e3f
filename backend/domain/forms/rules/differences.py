"""What changed along a form's way: the customer against the CRM, the teller against the customer."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from backend.domain.forms.rules.conditions import Values, is_filled, is_shown
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.form import ValueSource

NOTHING = ""


class Correction(Struct, frozen=True, kw_only=True):
    """A customer's own word about a field that the CRM masters: proposed, never written over it."""

    key: str
    field: str  # of the customer
    believed: Any
    proposed: Any


class Difference(Struct, frozen=True, kw_only=True):
    """What the teller made of a value that the customer had signed."""

    key: str
    customer: Any
    teller: Any


def corrections(template: FormTemplate, values: Values, sources: Mapping[str, ValueSource]) -> list[Correction]:
    """Return the CRM's fields of which the customer says something else than was prefilled, or something new.

    An emptied field corrects nothing: that a customer leaves something out does not make it untrue.
    """
    found: dict[str, Correction] = {}
    for field in template.fields:
        value = _plain(values.get(field.key))
        if not field.corrects or not is_filled(value) or not is_shown(field, values):
            continue
        source = sources.get(field.key)
        was = _plain(source.was) if source and source.was is not None else NOTHING
        if value != was:
            found[field.corrects] = Correction(key=field.key, field=field.corrects, believed=was, proposed=value)
    return list(found.values())


def teller_difference(values: Values, told: Values) -> list[Difference]:
    """Return what the teller's values change in the customer's; a key that the teller does not name stays."""
    return [
        Difference(key=key, customer=values.get(key), teller=value)
        for key, value in sorted(told.items())
        if _plain(values.get(key)) != _plain(value) or isinstance(values.get(key), bool) != isinstance(value, bool)
    ]


def final_values(values: Values, told: Values) -> dict[str, Any]:
    """Return the values as they stand after the teller."""
    return {**values, **told}


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
