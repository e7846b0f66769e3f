"""What authenticates a person (C3) is refused wherever it hides, and of it only the fact is kept."""

import json
from base64 import urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.privacy import SECRET_NAMES
from sync.secrets import DEPTH_MAX, REDACTED, carries_secret, may_tell_secret, redact
from sync.signing import canonical, sign
from tests.sync.bank import Bank

names = st.sampled_from(sorted(SECRET_NAMES))
harmless = st.sampled_from(["a", "phone", "opinion", "values", "pinned", "shipping"])
plain = st.recursive(
    st.none() | st.text(max_size=3), lambda v: st.lists(v, max_size=2) | st.dictionaries(harmless, v, max_size=2)
)


@st.composite
def hidden(draw):
    """Return a value with a secret somewhere in it."""
    value = {draw(names): draw(plain)}
    for _ in range(draw(st.sampled_from([0, 1, 2, 3, 9, DEPTH_MAX - 5]))):
        value = draw(st.sampled_from([{"a": value}, [draw(plain), value], {"b": draw(plain), "c": value}]))
    return value


@given(plain)
def test_harmless_values_carry_none_and_stay_as_they_are(value):
    assert not carries_secret(value)
    assert redact(value) == value


@given(hidden())
def test_a_secret_is_found_at_any_depth_and_nothing_of_it_stays(value):
    assert carries_secret(value)
    redacted = redact(value)
    assert carries_secret(redacted)  # the fact remains
    assert values_of_secrets(redacted) == {REDACTED}


def values_of_secrets(value):
    if isinstance(value, dict):
        told = {str(inner) for key, inner in value.items() if carries_secret({key: 0})}
        return told.union(*(values_of_secrets(inner) for inner in value.values()))
    return set().union(*map(values_of_secrets, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(
    "name",
    ["PIN", "Pin", "card-pin", "cardPin", "card pin", "ＰＩＮ", " pin ", "values.pin", "values.pin.x", "a.b.CVV2",
     "smsCode", "密码", "values.密码", "Face_Template"],
)  # fmt: skip
def test_any_spelling_is_found(name):
    assert carries_secret({name: "1"})


SECRET = "8462-secret"


@pytest.mark.parametrize(
    "parts",
    [{"set": {"values.pin": SECRET}}, {"set": {"values": {"pin": SECRET}}},
     {"set": {"values": {"a": [[{"otp": SECRET}]]}}}, {"base": {"values": {"cvv": SECRET}}},
     {"set": {"password": SECRET}},
     {"password": SECRET},
     {"made_at": {"pin": SECRET}}, {"set": {"pin": SECRET}, "reason": "x" * 501},
     {"set": {"values": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"pin": SECRET}}}}}}}}}}}}],
)  # fmt: skip
@pytest.mark.parametrize("is_signed", [False, True])
def test_a_secret_stops_its_mutation_and_is_stored_nowhere(parts, is_signed):
    bank = Bank()
    pad = bank.pad()
    said = {**pad.form(), **parts}
    if is_signed:
        said["sig"] = sign(pad.key, canonical(said))
    outcome = pad.do(said)
    assert outcome.status == "parked"
    assert outcome.problem is not None
    assert outcome.problem.code in ("secret_refused", "validation_failed")
    assert SECRET not in stored_text(bank)
    assert SECRET.encode() not in msgspec.json.encode(pad.pull())


def stored_text(bank):
    return "".join(
        str(table) + "".join(str(getattr(one, "body", "")) for one in getattr(table, "values", list)())
        for table in vars(bank.store.tables).values()
    )


def test_evidence_with_a_secret_is_not_kept_as_evidence():
    bank = Bank()
    pad = bank.pad()
    outcome = pad.do(pad.visit(bank.customer(), pin=SECRET))
    assert outcome.problem is not None
    assert outcome.problem.code == "secret_refused"
    assert bank.store.tables.evidence == {}
    assert SECRET not in stored_text(bank)
    assert bank.store.tables.audit[f"install:{pad.install_id}"][-1][0].result == "secret_refused"


def test_what_cannot_be_read_and_speaks_of_a_secret_is_not_kept():
    bank = Bank()
    pad = bank.pad()
    pad.push(b'{"n":1,"set":{"pin":"%s","x":1e999}}' % SECRET.encode())
    assert bank.reviews()[0]["mutation"] == {"raw": REDACTED}
    assert SECRET not in stored_text(bank)


# --- secrets that stand in a text


@pytest.mark.parametrize(
    "text",
    ["密码：8462", "取款密码是 246810", "密 码123456", "验证码 8842", "动态码=884213", "PIN：１２３４",
     "pin code: 8462", "CVN2=123", "cvv 123", "password is hunter2", "otp=99812"],
)  # fmt: skip
def test_a_text_that_tells_a_secret_is_found_and_the_rest_of_it_stays(text):
    whole = f"客户来过，{text}，下午再来"
    assert carries_secret({"values": [{"note": whole}]})
    left = redact(whole)
    assert not carries_secret(left)
    assert left.startswith("客户来过，")
    assert left.endswith("，下午再来")
    assert REDACTED in left


def test_wide_letters_hide_nothing():
    assert redact("用ＰＩＮ 8888取款") == f"用PIN {REDACTED}取款"


@pytest.mark.parametrize(
    "text",
    ["客户忘记密码", "密码重置", "密码器2024版", "动态密码USBKey", "电话 13800000000，密码改天再设",
     "口令牌编号 8812345", "密码2026年改过", "pinned 1234", "shipping 1234", "安全码：12", "Pin", "验证码未收到"],
)  # fmt: skip
def test_a_text_that_only_speaks_of_a_secret_is_left_alone(text):
    assert not carries_secret({"note": text})
    assert redact(text) == text


@given(st.binary(min_size=64, max_size=64))
def test_no_signature_tells_a_secret_by_chance(signature):
    assert not carries_secret({"sig": urlsafe_b64encode(signature).decode().rstrip("=")})


@given(st.text())
def test_what_may_tell_a_secret_is_looked_at_however_json_spells_it(text):
    told = {"note": text + " 密码：8462"}
    assert may_tell_secret(msgspec.json.encode(told))
    assert may_tell_secret(json.dumps(told).encode())


@pytest.mark.parametrize(
    "name",
    [
        "支付密码",
        "取款密码",
        "values.动态口令",
        "短信验证码",
        "payment_password",
        "new_pin",
        "atmPin",
        "CVN2",
        "cvv2_code",
        "passcode",
    ],
)
def test_a_name_in_which_a_secrets_word_stands_is_a_secret(name):
    assert carries_secret({name: "1"})


@pytest.mark.parametrize("name", ["pick_up_code", "spinning", "opinion", "pins_count", "best_time", "postcode"])
def test_a_name_that_only_looks_like_one_is_none(name):
    assert not carries_secret({name: "1"})


@pytest.mark.parametrize(
    "parts", [{"set": {"remark": "密码：zq8462"}}, {"reason": "她说 PIN zq8462"}, {"base": {"phone": "密码zq8462"}}]
)
@pytest.mark.parametrize("is_signed", [False, True])
def test_a_text_that_tells_a_secret_stops_its_mutation_and_its_secret_is_stored_nowhere(parts, is_signed):
    bank = Bank()
    pad = bank.pad()
    said = {**pad.form(phone="138"), **parts}
    if is_signed:
        said["sig"] = sign(pad.key, canonical(said))
    outcome = pad.do(said)
    assert outcome.problem is not None
    assert outcome.problem.code == "secret_refused"
    assert "zq8462" not in stored_text(bank)  # letters that no id, digest or moment holds
    assert REDACTED in str(bank.reviews()[0]["mutation"])
