"""Masking: a form that has ended keeps the last four characters of certificate numbers (requirements.md, section 2)."""

import re
from collections.abc import Mapping
from typing import Any

from backend.identifiers import check_digit
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate

TAIL = 4
STAR = "*"
ID18 = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])", re.ASCII)
KEYS = re.compile(r"certificate|id_no|id_card|passport")


def mask(number: str) -> str:
    """Return a number of which only the last four characters can be read."""
    return STAR * (len(number) - TAIL) + number[-TAIL:] if len(number) > TAIL else number


def mask_values(template: FormTemplate | None, values: Mapping[str, Any]) -> Body:
    """Return values in which every certificate number is masked.

    The template names the fields; without it their keys and their look do. An identity number that somebody typed into
    another field is found by its look as well.
    """
    named = {field.key for field in template.fields if field.type == "certificate"} if template else set()
    return {key: _masked(key, value, named) for key, value in values.items()}


def _masked(key: str, value: Any, named: set[str]) -> Any:
    if isinstance(value, dict):
        return {inner: _masked(key, one, named) if inner == "was" else one for inner, one in value.items()}
    if not isinstance(value, str):
        return value
    if key in named or (not named and KEYS.search(key)):
        return mask(value)
    return ID18.sub(
        lambda found: mask(found[0]) if check_digit(found[0][:17]) == found[0][17].upper() else found[0], value
    )
