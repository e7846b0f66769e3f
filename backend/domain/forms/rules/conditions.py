"""Whether a field is shown and needed, as the values stand."""

from collections.abc import Mapping
from typing import Any

from contracts.kinds.template import Condition, TemplateField

Values = Mapping[str, Any]


def is_filled(value: object) -> bool:
    """Say whether something was typed; a no is something."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value not in ([], {})


def holds(condition: Condition | None, values: Values) -> bool:
    """Say whether a condition holds; none always does."""
    if condition is None:
        return True
    value = values.get(condition.key)
    if not condition.among:
        return is_filled(value)
    return any(value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for wanted in condition.among)


def is_shown(field: TemplateField, values: Values) -> bool:
    """Say whether the field is part of this form."""
    return holds(field.shown_when, values)


def is_needed(field: TemplateField, values: Values) -> bool:
    """Say whether the field has to be filled in."""
    has_cause = field.required_when is not None and holds(field.required_when, values)
    return is_shown(field, values) and (field.is_required or has_cause)
