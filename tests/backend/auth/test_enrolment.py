"""Enrolment lets one install in per code, whatever gets lost on the way."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from backend.auth.enrolment import enrol
from backend.auth.errors import EnrolmentRefused
from backend.auth.revocation import revoke_install
from backend.domain.devices.queries import find_install
from contracts.errors import ErrorCode
from sync.errors import Malformed, NotFound
from sync.signing import encode_base64url
from tests.backend.auth.people import Tablet


def letter(house, tablet):
    return house.auth.store.read(lambda look: look.find_install(tablet.install_id)).letter


def test_a_code_lets_an_install_in_and_the_engine_knows_it(house):
    tablet = house.tablet()
    install = house.auth.store.read(lambda look: look.find_install(tablet.install_id))
    assert (install.ack_n, install.letter) == (0, "A")
    assert house.audited("org:3501") == [("enrolment_code_made", "ok"), ("enrol", "ok")]


def test_a_code_may_be_typed_in_any_way(house):
    for spelling in (str.lower, lambda code: code.replace("-", " "), lambda code: f" {code} "):
        tablet = Tablet(house)
        assert enrol(house.auth, tablet.enrolment(spelling(house.code()))).install_id == tablet.install_id


def test_a_retry_gets_the_first_answer(house):
    request = Tablet(house).enrolment(house.code())
    first = enrol(house.auth, request)
    house.clock.advance(days=30)
    assert enrol(house.auth, request) == first


def test_a_retry_after_revocation_is_refused(house):
    tablet = Tablet(house)
    request = tablet.enrolment(house.code())
    enrol(house.auth, request)
    revoke_install(house.auth, tablet.install_id, "test")
    with pytest.raises(EnrolmentRefused):
        enrol(house.auth, request)


def test_a_used_code_lets_nobody_else_in(house):
    code = house.code()
    enrol(house.auth, Tablet(house).enrolment(code))
    with pytest.raises(EnrolmentRefused) as refusal:
        enrol(house.auth, Tablet(house).enrolment(code))
    assert refusal.value.code is ErrorCode.ENROLMENT_REFUSED
    assert house.audited("org:3501")[-1] == ("enrol", "enrolment_refused")


def test_a_used_code_does_not_change_an_installs_key(house):
    code, tablet = house.code(), Tablet(house)
    enrol(house.auth, tablet.enrolment(code))
    with pytest.raises(EnrolmentRefused):
        enrol(house.auth, tablet.enrolment(code, public_key=Tablet(house).jwk))


def test_a_fresh_code_does_not_enrol_an_install_twice(house):
    tablet = house.tablet()
    with pytest.raises(EnrolmentRefused):
        tablet.enrol()


def test_an_expired_code_lets_nobody_in(house):
    code = house.code()
    house.clock.advance(hours=house.auth.settings.enrolment_code_h)
    with pytest.raises(EnrolmentRefused):
        enrol(house.auth, Tablet(house).enrolment(code))


def test_an_unknown_code_lets_nobody_in(house):
    with pytest.raises(EnrolmentRefused):
        enrol(house.auth, Tablet(house).enrolment("AAAA-BBBB-CCCC-DDDD"))


def test_one_code_used_by_many_at_once_lets_one_in(house):
    code = house.code()

    def knock(_):
        try:
            return enrol(house.auth, Tablet(house).enrolment(code))
        except EnrolmentRefused:
            return None

    with ThreadPoolExecutor(4) as many:
        assert len([answer for answer in many.map(knock, range(8)) if answer is not None]) == 1


def test_installs_of_a_branch_that_come_at_once_get_different_letters(house):
    codes = [house.code() for _ in range(8)]
    tablets = [Tablet(house) for _ in codes]
    with ThreadPoolExecutor(4) as many:
        list(many.map(lambda pair: enrol(house.auth, pair[0].enrolment(pair[1])), zip(tablets, codes, strict=True)))
    assert sorted(letter(house, tablet) for tablet in tablets) == list("ABCDEFGH")


def test_letters_begin_anew_in_every_branch(house):
    assert [letter(house, house.tablet(org)) for org in ("3501", "3501", "3502")] == ["A", "B", "A"]


@pytest.mark.parametrize("make", [lambda: ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate])
def test_p256_and_ed25519_keys_are_taken(house, make):
    tablet = Tablet(house, make()).enrol()
    tablet.sign_in("lobby")
    assert tablet.ask().staff_no == "lobby"


BAD_KEYS = {
    "empty": {},
    "rsa": {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    "another curve": {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
    "not on the curve": {
        "kty": "EC",
        "crv": "P-256",
        "x": encode_base64url(b"\1" * 32),
        "y": encode_base64url(b"\2" * 32),
    },
    "too short": {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "numbers": {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
    "not base64": {"kty": "EC", "crv": "P-256", "x": "é", "y": "é"},
}


def test_a_key_of_no_use_is_malformed_and_the_code_stays_good(house):
    code, tablet = house.code(), Tablet(house)
    for name, jwk in BAD_KEYS.items():
        with pytest.raises(Malformed) as refusal:
            enrol(house.auth, tablet.enrolment(code, public_key=jwk))
        assert refusal.value.code is ErrorCode.MALFORMED, name
    assert enrol(house.auth, tablet.enrolment(code)).install_id == tablet.install_id


def test_a_private_key_is_refused(house):
    tablet = Tablet(house)
    with pytest.raises(Malformed, match="private"):
        enrol(house.auth, tablet.enrolment(house.code(), public_key=tablet.jwk | {"d": "AA"}))


def test_the_same_key_is_the_same_device(house):
    key = ec.generate_private_key(ec.SECP256R1())
    first, second = (enrol(house.auth, Tablet(house, key).enrolment(house.code())) for _ in range(2))
    assert first.device_id == second.device_id


def test_a_code_for_a_device_brings_it_back_with_a_new_key(house):
    first = enrol(house.auth, Tablet(house).enrolment(house.code()))
    second = enrol(house.auth, Tablet(house).enrolment(house.code(device_id=first.device_id)))
    assert second.device_id == first.device_id


def test_no_code_is_made_for_an_unknown_institution_or_device(house):
    with pytest.raises(NotFound):
        house.code("9999")
    with pytest.raises(NotFound):
        house.code(device_id="nobody's")


def test_the_code_itself_is_kept_nowhere(house):
    code = house.code()
    dump = house.auth.store.read(
        lambda look: str(look.connection.exec_driver_sql("SELECT * FROM enrolment_code").fetchall())
    )
    assert code not in dump
    assert code.replace("-", "") not in dump


def test_an_install_keeps_what_it_said_of_itself(house):
    tablet = house.tablet()
    row = house.auth.store.read(lambda look: find_install(look.connection, tablet.install_id))
    assert (row.app_version, row.schema, row.org_id, row.revoked_at) == ("1.0", 1, "3501", None)
