"""What a form and its template decide, on a tablet without a line as on the server."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.forms.rules.checking import check_form, missing_papers
from backend.domain.forms.rules.conditions import is_needed, is_shown
from backend.domain.forms.rules.declaring import check_template
from backend.domain.forms.rules.differences import corrections, teller_difference
from backend.domain.forms.rules.filling import as_patch, code_of, prefill, repeat_fields
from backend.domain.forms.rules.life import business_date_of
from backend.domain.forms.rules.masking import mask_values
from backend.domain.forms.rules.pick_up import ALPHABET, LENGTH, make_code, read_code
from backend.registry import KINDS
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.form import ValueSource
from contracts.kinds.template import Condition, Paper, TemplateField
from tests.backend.forms.paper import CODES, IDENTITY, TODAY, card, complete_values, template

each_template = pytest.mark.parametrize("code", CODES)


def lacks(form, values):
    return {lack.key: lack.words for lack in check_form(form, values, TODAY)}


@each_template
def test_every_shipped_template_is_one_that_the_server_takes_and_that_can_be_completed(code):
    form = template(code)
    assert KINDS["form_template"].validate(msgspec.to_builtins(form))
    assert lacks(form, complete_values(form)) == {}


@each_template
def test_a_form_lacks_exactly_what_is_needed_and_not_there(code):
    form = template(code)
    values = complete_values(form)
    for field in form.fields:
        without = {key: value for key, value in values.items() if key != field.key}
        assert (field.key in lacks(form, without)) == is_needed(field, without)


@given(st.sampled_from(CODES), st.data())
def test_whatever_is_typed_gets_words_and_never_a_crash(code, data):
    form = template(code)
    anything = st.none() | st.booleans() | st.integers() | st.text(max_size=90) | st.lists(st.integers(), max_size=2)
    values = data.draw(st.dictionaries(st.sampled_from([field.key for field in form.fields]), anything))
    for key, words in lacks(form, values).items():
        field = next(field for field in form.fields if field.key == key)
        assert is_shown(field, values)
        assert words.startswith(field.label)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("certificate_no", "352601196001010016", "校验位"), ("certificate_no", "12345", "18位"),
        ("phone", "电话", "不是电话"), ("home_postcode", "35000", "6位"),
        ("gender", "3", "可选"), ("birth_date", "2026-02-30", "日期"), ("name", "长" * 161, "160"),
        ("email", "a.b", "邮件"),
        ("income_month_yuan", -1, "小于"), ("income_month_yuan", 10**10, "10位"), ("is_agreed", False, "确认"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_in_plain_words(key, value, words):
    form = template("open_account")
    assert words in lacks(form, complete_values(form) | {key: value})[key]


def test_of_a_passport_only_length_and_characters_are_checked():
    form = template("open_account")
    assert lacks(form, complete_values(form) | {"certificate_kind": "12", "certificate_no": "E12345678"}) == {}


def test_both_spellings_of_the_first_occupation_are_accepted():
    form = template("open_account")
    field = next(field for field in form.fields if field.key == "occupation")
    assert code_of(form, field, "10") == code_of(form, field, "0") == "0"
    assert lacks(form, complete_values(form) | {"occupation": "10"}) == {}


def test_a_spouse_is_asked_for_of_the_married_alone_and_so_is_the_paper():
    form = template("loan_application")
    single, married = ({"marital_status": status} for status in ("10", "20"))
    assert "spouse_name" not in lacks(form, single)
    assert "spouse_name" in lacks(form, married)
    assert "marriage_paper" not in {paper.code for paper in missing_papers(form, single, {})}
    assert "marriage_paper" in {paper.code for paper in missing_papers(form, married, {})}
    assert "marriage_paper" not in {paper.code for paper in missing_papers(form, married, {"marriage_paper": True})}


# --- prefilling, and what the customer makes of it


def test_what_the_card_tells_is_filled_in_with_its_source_and_its_age():
    filled = prefill(template("open_account"), card(), TODAY)
    assert (filled["phone"].value, filled["phone"].source, filled["phone"].age_d) == ("13800000000", "crm", 2)
    assert filled["gender"].value == "2"  # the CRM's F in the form's code
    assert filled["mail_address"].value == filled["home_address"].value  # 通讯地址 is 家庭地址 until somebody types
    assert "certificate_no" not in filled


def test_a_card_that_shows_nothing_fills_nothing_in():
    bare = msgspec.structs.replace(card(), right="none", name="", gender="", contact={})
    assert prefill(template("open_account"), bare, TODAY) == {}


def test_a_mail_address_follows_the_home_address_as_long_as_it_is_empty():
    form = template("customer_change")
    assert repeat_fields(form, {"home_address": "一号"}) == {"mail_address": "一号"}
    assert repeat_fields(form, {"home_address": "一号", "mail_address": "二号"}) == {}


def sources(**was):
    return {key: ValueSource(source="crm", as_of="2026-11-19T16:00:00.000Z", was=value) for key, value in was.items()}


def test_what_the_customer_leaves_as_it_was_corrects_nothing():
    form = template("customer_change")
    patch = as_patch(prefill(form, card(), TODAY))
    values = {key.removeprefix("values."): value for key, value in patch.items() if key.startswith("values.")}
    told = {key.removeprefix("sources."): msgspec.convert(value, ValueSource) for key, value in patch.items()
            if key.startswith("sources.")}  # fmt: skip
    assert corrections(form, values, told) == []


def test_a_changed_and_a_new_value_are_corrections_and_an_emptied_one_is_none():
    form = template("customer_change")
    values = {"phone": "13900000000", "email": "a@b.cn", "home_address": "", "name": "林大燕"}
    found = corrections(form, values, sources(phone="13800000000", home_address="一号", name="林小燕"))
    assert {(one.field, one.believed, one.proposed) for one in found} == {
        ("phone", "13800000000", "13900000000"), ("email", "", "a@b.cn"),
    }  # fmt: skip


def test_only_what_the_teller_changed_is_a_difference():
    signed = {"amount_fen": 100, "purpose": "货款", "is_agreed": True}
    found = teller_difference(signed, {"amount_fen": 200, "purpose": "货款 ", "term": "12", "is_agreed": 1})
    assert {(one.key, one.customer, one.teller) for one in found} == {
        ("amount_fen", 100, 200), ("term", None, "12"), ("is_agreed", True, 1),
    }  # fmt: skip


# --- masks and codes


@given(st.dictionaries(st.sampled_from(["certificate_no", "note", "phone", "amount_fen"]), st.text() | st.integers()))
def test_masking_twice_is_masking_once_and_touches_certificates_alone(values):
    form = template("open_account")
    masked = mask_values(form, values)
    assert mask_values(form, masked) == masked
    assert {key: value for key, value in masked.items() if key != "certificate_no"} == {
        key: value for key, value in values.items() if key != "certificate_no"
    }


def test_an_identity_number_is_found_wherever_it_was_typed_and_a_number_that_is_none_stays():
    values = {"certificate_no": IDENTITY, "purpose": f"代{IDENTITY}汇款", "remark": "合同352601196001010016"}
    assert mask_values(template("open_account"), values) == {
        "certificate_no": "*" * 14 + "0015", "purpose": "代" + "*" * 14 + "0015汇款",
        "remark": "合同352601196001010016",
    }  # fmt: skip
    assert mask_values(None, {"id_no": "E12345678"}) == {"id_no": "*****5678"}


def test_a_code_can_be_read_over_a_counter_and_follows_from_its_form_and_moment():
    codes = {make_code(b"s", str(at), "2026-11-21T01:30:00.000Z") for at in range(500)}
    assert len(codes) == 500
    assert {len(code) for code in codes} == {LENGTH}
    assert set("".join(codes)) <= set(ALPHABET)
    assert make_code(b"s", "1", "a") == make_code(b"s", "1", "a") != make_code(b"t", "1", "a")
    assert read_code(" ab3-x ") == "AB3X"


# --- templates that are none

FIELD = TemplateField(key="a", label="甲")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([FIELD, FIELD], "twice"),
        ([msgspec.structs.replace(FIELD, key="card_pin")], "authenticates"),
        ([msgspec.structs.replace(FIELD, label="取款密码")], "authenticates"),
        ([msgspec.structs.replace(FIELD, hint="请输入CVN2")], "authenticates"),
        ([msgspec.structs.replace(FIELD, type="choice")], "list"),
        ([msgspec.structs.replace(FIELD, shown_when=Condition(key="b"))], "`b`"),
        ([msgspec.structs.replace(FIELD, corrects="customer_no")], "propose"),
    ],
)
def test_a_template_that_asks_for_a_secret_or_names_what_it_has_not_is_refused(fields, words):
    wrong = check_template(FormTemplate(code="x", template_version=1, title="x", fields=fields))
    assert wrong is not None
    assert words in wrong


def test_a_paper_that_depends_on_nothing_is_refused():
    papers = [Paper(code="p", name="证", needed_when=Condition(key="b"))]
    assert "`b`" in str(check_template(FormTemplate(code="x", template_version=1, title="x", papers=papers)))


def test_a_day_begins_at_midnight_in_china():
    assert business_date_of("2026-11-21T15:59:59.999Z") == date(2026, 11, 21)
    assert business_date_of("2026-11-21T16:00:00.000Z") == date(2026, 11, 22)
