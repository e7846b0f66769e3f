"""Numbers that identify a customer: the golden ones, and what makes one wrong (domain-rules.md §11, §15)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.identifiers import (
    check_digit,
    is_company_number,
    is_credit_code,
    is_document_number,
    is_mobile,
    is_phone,
    matching_number,
    normalise_number,
    read_identity,
)

TODAY = date(2026, 11, 21)
ADULTS = st.dates(date(1900, 1, 1), TODAY)


def number(division: str, born: str, place: str = "001") -> str:
    return (digits := f"{division}{born}{place}") + check_digit(digits)


@pytest.mark.parametrize("golden", ["352601196001010015", "11010519491231002X", "810000199003070015"])
def test_the_golden_numbers_are_well_formed(golden):
    assert read_identity(golden, TODAY).is_valid
    assert is_document_number("10", golden, TODAY)
    assert not read_identity(golden[:-1] + ("1" if golden[-1] != "1" else "2"), TODAY).is_valid


def test_a_number_says_when_its_holder_was_born_and_their_gender():
    read = read_identity("352601196001010015", TODAY)
    assert (read.born_on, read.gender, read.sort) == (date(1960, 1, 1), "M", "resident")
    assert read_identity("11010519491231002X", TODAY).gender == "F"


@pytest.mark.parametrize(
    "spelled",
    ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ", "110105-19491231-002ｘ"],
)
def test_width_case_and_blanks_make_no_difference(spelled):
    assert normalise_number(spelled) == "11010519491231002X"
    assert read_identity(spelled, TODAY).is_valid


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        ("35260119600101001", ("length",)),
        ("352601196001010016", ("check_digit",)),
        (number("352601", "19600230"), ("birth_date",)),
        (number("352601", "20261122"), ("future",)),
        (number("352601", "18951120"), ("age",)),
    ],
)
def test_every_fault_is_named(wrong, faults):
    assert read_identity(wrong, TODAY).faults == faults


def test_whoever_is_130_years_old_is_still_a_customer():
    assert read_identity(number("352601", "18961121"), TODAY).is_valid


@pytest.mark.parametrize(
    ("division", "sort"),
    [("810000", "hk_permit"), ("820000", "macao_permit"), ("830000", "taiwan_permit"), ("911156", "foreigner")],
)
def test_residents_from_elsewhere_are_real_people(division, sort):
    read = read_identity(number(division, "19900307"), TODAY)
    assert (read.is_valid, read.sort, read.warnings) == (True, sort, ())


def test_an_unknown_division_is_only_a_warning():
    read = read_identity(number("990101", "19900307"), TODAY)
    assert (read.is_valid, read.warnings) == (True, ()) if read.sort == "foreigner" else (True, ("division",))
    assert read_identity(number("000101", "19900307"), TODAY).warnings == ("division",)


@given(ADULTS, st.integers(0, 999), st.integers(0, 16))
def test_a_wrong_digit_is_always_found(born, place, at):
    good = number("350121", born.strftime("%Y%m%d"), f"{place:03d}")
    wrong = good[:at] + str((int(good[at]) + 1) % 10) + good[at + 1 :]
    assert read_identity(good, TODAY).is_valid
    assert "check_digit" in read_identity(wrong, TODAY).faults


def test_an_old_number_is_matched_with_the_one_that_followed_it_and_is_valid_no_more():
    assert matching_number("352601600101001") == "352601196001010015"
    assert read_identity("352601600101001", TODAY).faults == ("length",)


def test_companies_have_a_credit_code_or_a_number_from_before_it():
    assert is_credit_code("9111000010169286X1")
    assert is_credit_code("９１１１００００１０１６９２８６ｘ１")
    assert not is_credit_code("9111000010169286X2")
    assert all(map(is_company_number, ("9111000010169286X1", "350100100012345", "10169286-X")))
    assert not is_company_number("12345")


def test_phones_are_mobiles_or_landlines_in_the_free_form():
    assert all(map(is_mobile, ("13812345678", "１９９００００１２３４", "199 0000 1234")))
    assert not any(map(is_mobile, ("12812345678", "1381234567", "0591-87654321")))
    assert all(map(is_phone, ("13812345678", "0591-87654321", "86-591-87654321-12", "87654321")))
    assert not any(map(is_phone, ("", "abc", "-1", "1" * 36)))


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("12", "E12345678", "E1"), ("13", "军字第2001988号", "!"), ("15", "A123456(3)", "123456"),
        ("16", "1234567(8)", "1"), ("17", "A123456789", "1"), ("18", "H12345678", "M12345678"),
        ("19", "M1234567801", "H12345678"), ("20", "12345678", "1234567"), ("22", "CHN123456789012", "一"),
        ("99", "甲/12", "a"), ("xx", "甲/12", "a"),
    ],
)  # fmt: skip
def test_other_documents_are_judged_by_length_and_characters(type, good, bad):
    assert is_document_number(type, good, TODAY)
    assert not is_document_number(type, bad, TODAY)
