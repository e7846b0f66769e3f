"""Declaring a template: one that names what it does not have, or asks for a secret, is refused (C3)."""

import re
from collections.abc import Iterator

from contracts.kinds.catalog import FormTemplate
from contracts.kinds.customer import Customer
from contracts.kinds.template import Condition, TemplateField
from sync.secrets import is_secret

SECRET_LABEL = re.compile(
    r"密\s*码|口令|验证码|动态码|安全码|磁道|指纹|人脸|虹膜|(?<![a-z])(?:PIN|CVN2?|CVV2?|OTP|password)(?![a-z0-9])",
    re.IGNORECASE,
)


def check_template(template: FormTemplate) -> str | None:
    """Return what is wrong with a template in plain words, or None."""
    keys = [field.key for field in template.fields]
    lists = {found.name for found in template.lists}
    return next(
        (
            wrong
            for field in template.fields
            if (wrong := _wrong_with(field, keys, lists))
        ),
        _wrong_papers(template, keys),
    )  # fmt: skip


def _wrong_with(field: TemplateField, keys: list[str], lists: set[str]) -> str | None:
    if is_secret(field.key) or SECRET_LABEL.search(field.label) or SECRET_LABEL.search(field.hint):
        return f"`{field.key}` asks for what authenticates the customer; no form may"
    if keys.count(field.key) > 1:
        return f"`{field.key}` stands twice"
    if (field.type == "choice") != (field.code_list is not None) or (field.code_list and field.code_list not in lists):
        return f"`{field.key}` needs a list of this template if it is a choice, and none otherwise"
    if unknown := [key for key in _named(field) if key not in keys]:
        return f"`{field.key}` names `{unknown[0]}`, which the template does not have"
    if field.corrects and field.corrects not in Customer.proposable:
        return f"`{field.key}` corrects `{field.corrects}`, which nobody may propose"
    return None


def _wrong_papers(template: FormTemplate, keys: list[str]) -> str | None:
    named = (paper.needed_when.key for paper in template.papers if paper.needed_when)
    unknown = next((key for key in named if key not in keys), None)
    return f"a paper depends on `{unknown}`, which the template does not have" if unknown else None


def _named(field: TemplateField) -> Iterator[str]:
    conditions: tuple[Condition | None, ...] = (field.required_when, field.shown_when)
    yield from (condition.key for condition in conditions if condition)
    yield from (key for key in (field.kind_key, field.same_as) if key)
