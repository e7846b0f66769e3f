"""Checking a form: what is missing and what cannot be right, in words that are shown beside the field."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from backend.domain.forms.rules.conditions import Values, holds, is_filled, is_needed, is_shown
from backend.domain.forms.rules.filling import code_of, repeat_fields
from backend.identifiers import is_credit_code, is_document_number, is_phone, normalise_number, read_identity
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.template import Paper, TemplateField

IDENTITY_CARDS = frozenset(
    {"10", "21"}
)  # 身份证, 临时身份证; of other certificates only length and characters are known
FAULTS = {
    "length": "应为18位身份证号", "check_digit": "校验位不对，请核对", "birth_date": "中的出生日期不存在",
    "future": "中的出生日期还没有到", "age": "中的出生日期不可能",
}  # fmt: skip
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
POSTCODE = re.compile(r"^\d{6}$", re.ASCII)
TAIL = re.compile(r"^[0-9A-Z]{4}$", re.ASCII)
TEXT_MAX = {"phone": 35, "email": 40, "address": 80, "certificate": 40, "text": 2000}


class Lack(Struct, frozen=True, kw_only=True):
    """One thing that keeps a form from being complete."""

    key: str
    words: str


def check_form(template: FormTemplate, values: Values, today: date) -> list[Lack]:
    """Return what is missing or wrong, in the order of the form; nothing for a complete one.

    Fields that are not shown, and values that the template does not know, are nobody's concern. An empty field that
    repeats another stands as that one.
    """
    values = {**values, **repeat_fields(template, values)}
    return [
        Lack(key=field.key, words=f"{field.label}{wrong}")
        for field in template.fields
        if (wrong := _wrong_with(template, field, values, today))
    ]


def missing_papers(template: FormTemplate, values: Values, papers: Mapping[str, bool]) -> list[Paper]:
    """Return the papers that this form needs and nobody has seen yet."""
    needed = [paper for paper in template.papers if holds(paper.needed_when, values)]
    return [paper for paper in needed if not papers.get(paper.code)]


def _wrong_with(template: FormTemplate, field: TemplateField, values: Values, today: date) -> str | None:
    value = values.get(field.key)
    if not is_filled(value):
        return "未填写" if is_needed(field, values) else None
    if not is_shown(field, values):
        return None
    if field.type == "choice":
        return None if code_of(template, field, value) else "不在可选项中"
    if field.type == "certificate":
        kind = str(values.get(field.kind_key or "", "10"))
        return _certificate(value, kind, today)
    return CHECKS[field.type](field, value)


def _flag(field: TemplateField, value: Any) -> str | None:
    if not isinstance(value, bool):
        return "应为是或否"
    return None if field.must_be in (None, value) else "需要客户确认"


def _number(field: TemplateField, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "应为数字"
    if field.least is not None and value < field.least:
        return f"不能小于{field.least}"
    if field.most is not None and value > field.most:
        return f"不能大于{field.most}"
    return f"最多{field.length_max}位" if field.length_max and abs(value) >= 10**field.length_max else None


def _amount(field: TemplateField, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return "应为大于零的金额"
    return _number(field, value)


def _date(_field: TemplateField, value: Any) -> str | None:
    if not isinstance(value, str):
        return "应为日期"
    try:
        date.fromisoformat(value)
    except ValueError:
        return "不是存在的日期"
    return None


def _text(field: TemplateField, value: Any) -> str | None:
    longest = field.length_max or TEXT_MAX.get(field.type, TEXT_MAX["text"])
    if not isinstance(value, str):
        return "应为文字"
    return f"最多{longest}个字" if len(value) > longest else None


def _like(is_right: Callable[[str], object], words: str) -> Callable[[TemplateField, Any], str | None]:
    def check(field: TemplateField, value: Any) -> str | None:
        return _text(field, value) or (None if is_right(value) else words)

    return check


def _certificate(value: Any, kind: str, today: date) -> str | None:
    if not isinstance(value, str):
        return "应为文字"
    if kind in IDENTITY_CARDS:
        faults = read_identity(value, today).faults
        return FAULTS[faults[0]] if faults else None
    return None if is_document_number(kind, value, today) else "不像此类证件的号码"


CHECKS: Mapping[str, Callable[[TemplateField, Any], str | None]] = {
    "text": _text,
    "address": _text,
    "number": _number,
    "amount": _amount,
    "date": _date,
    "flag": _flag,
    "phone": _like(is_phone, "不是电话号码"),
    "email": _like(EMAIL.match, "不是邮件地址"),
    "postcode": _like(POSTCODE.match, "应为6位数字"),
    "uscc": _like(is_credit_code, "不是有效的统一社会信用代码"),
    "tail": _like(lambda text: TAIL.match(normalise_number(text)), "只填最后四位"),
}
