"""Personal data as it looks where nobody asked to see it (requirements.md, section 2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.customers.rules.masking import (
    mask_account,
    mask_address,
    mask_certificate,
    mask_email,
    mask_field,
    mask_name,
    mask_phone,
    mask_text,
)
from backend.registry import KINDS
from contracts.privacy import Privacy


@pytest.mark.parametrize(
    ("mask", "whole", "shown"),
    [
        (mask_name, "李小明", "李*明"), (mask_name, "李明", "李*"), (mask_name, "李", "*"), (mask_name, "", ""),
        (mask_name, "欧阳小明", "欧**明"), (mask_name, "阿卜杜拉·买买提", "阿***提"),
        (mask_phone, "13812345678", "138****5678"), (mask_phone, "0591-87654321", "****4321"), (mask_phone, "", ""),
        (mask_phone, "1234", "****34"),
        (mask_certificate, "352601196001010015", "3526**********0015"), (mask_certificate, "E12345678", "****5678"),
        (mask_account, "6217001234561234", "6217 **** **** 1234"), (mask_account, "1234", "****"),
        (mask_address, "甘蔗建设路12号", "甘蔗建设路***"), (mask_address, "甘蔗上洋村15号", "甘蔗上洋村***"),
        (mask_address, "东大街三十号", "东大街***"), (mask_address, "我家", "***"), (mask_address, "", ""),
        (mask_email, "lin@b.example", "l***@b.example"), (mask_email, "lin", "****"),
        (mask_text, "打 138 1234 5678，金额500元", "打 ****78，金额500元"),
    ],
)  # fmt: skip
def test_a_value_shows_what_section_2_lets_it_show(mask, whole, shown):
    assert mask(whole) == shown


def test_the_name_of_a_company_is_public():
    assert mask_name("甘蔗竹器厂", is_company=True) == "甘蔗竹器厂"


@given(st.text("0123456789", min_size=1, max_size=20))
def test_no_mask_of_a_number_shows_more_than_eight_of_its_digits(digits):
    for mask in (mask_phone, mask_certificate, mask_account):
        shown = sum(letter.isdigit() for letter in mask(digits))
        assert shown <= min(8, max(4, len(digits) // 2 + 2))
        assert shown < len(digits) or not digits or len(digits) <= 2


@pytest.mark.parametrize("field", [name for name, class_ in KINDS["customer"].privacy.items() if class_ is Privacy.C2])
def test_every_private_field_of_a_customer_is_masked(field):
    whole = "福州市仓山区某某新村30栋502室李小明13812345678"
    assert mask_field(field, whole) != whole
    assert "13812345678" not in mask_field(field, whole)
    assert mask_field(field, "") == ""
