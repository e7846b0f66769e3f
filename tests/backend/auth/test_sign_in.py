"""Sign-in needs a password and a device; every wrong secret sounds the same, and five of them lock."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from sqlalchemy import select

from backend.auth.errors import Locked, PasswordExpired, PasswordRefused, Revoked, SignInFailed
from backend.auth.passwords import Passwords
from backend.auth.revocation import revoke_install, revoke_staff
from backend.auth.signing_in import sign_in
from backend.auth.staffing import reset_password
from backend.domain.staff.models import sign_in_failure
from contracts.errors import ErrorCode
from sync.errors import SyncError
from sync.signing import new_key, sign
from tests.backend.auth.people import PASSWORD, Tablet

NEW_PASSWORD = "Xiamen-0592"


def refusal_of(work, *args, **named):
    with pytest.raises(SyncError) as refusal:
        work(*args, **named)
    return refusal.value


def test_a_person_signs_in_and_is_told_who_they_are(house):
    answer = house.tablet().sign_in("lobby")
    assert answer.expires_in_s == 600
    assert (answer.staff.staff_no, answer.staff.roles, answer.staff.org_id) == ("lobby", ["lobby_manager"], "3501")
    assert house.audited("staff:lobby")[-1] == ("sign_in", "ok")


def test_every_wrong_secret_gets_the_same_answer(house):
    tablet = house.tablet()
    stranger = Tablet(house)
    attempts = [
        tablet.request("lobby", "Wrong-0000"),
        tablet.request("nobody"),
        tablet.request("lobby", proof=sign(new_key(), b"anything")),
        tablet.request("lobby", proof="not base64 é"),
        tablet.request("lobby", proof=tablet.request("field").proof),
        stranger.request("lobby"),
    ]
    told = [(type(error), error.code, str(error), error.args_of_problem) for error in map(refused(house), attempts)]
    assert set(map(str, told)) == {str((SignInFailed, ErrorCode.SIGN_IN_FAILED, ErrorCode.SIGN_IN_FAILED.meaning, {}))}


def refused(house):
    return lambda request: refusal_of(sign_in, house.auth, request)


def test_a_proof_is_good_once(house):
    request = (tablet := house.tablet()).request("lobby")
    sign_in(house.auth, request)
    assert isinstance(refused(house)(request), SignInFailed)
    assert tablet.sign_in("lobby")


def test_a_proof_that_came_with_a_wrong_password_is_used_up(house):
    tablet = house.tablet()
    wrong = tablet.request("lobby", "Wrong-0000")
    assert isinstance(refused(house)(wrong), SignInFailed)
    assert isinstance(refused(house)(msgspec.structs.replace(wrong, password=PASSWORD)), SignInFailed)


def test_one_proof_used_by_many_at_once_is_good_once(house):
    request = house.tablet().request("lobby")

    def attempt(_):
        try:
            return sign_in(house.auth, request)
        except SyncError:
            return None

    with ThreadPoolExecutor(4) as many:
        assert len([answer for answer in many.map(attempt, range(4)) if answer is not None]) == 1


def test_a_challenge_lives_for_one_to_two_windows(house):
    tablet = house.tablet()
    for age_s, is_good in ((0, True), (150, True), (300, False)):
        request = tablet.request("lobby")
        house.clock.advance(seconds=age_s)
        if is_good:
            assert sign_in(house.auth, request).staff.staff_no == "lobby"
        else:
            assert isinstance(refused(house)(request), SignInFailed)


def test_five_failures_lock_for_half_an_hour(house):
    tablet = house.tablet()
    for _ in range(5):
        assert isinstance(refused(house)(tablet.request("lobby", "Wrong-0000")), SignInFailed)
    locked = refused(house)(tablet.request("lobby"))
    assert (type(locked), locked.code, locked.args_of_problem["retry_after_ms"]) == (
        Locked,
        ErrorCode.LOCKED,
        1_800_000,
    )
    assert house.audited("staff:lobby")[-1] == ("sign_in", "locked")
    house.clock.advance(seconds=1799)
    assert isinstance(refused(house)(tablet.request("lobby")), Locked)
    house.clock.advance(seconds=1)
    assert tablet.sign_in("lobby")


def test_a_lockout_holds_on_every_tablet_and_for_nobody_else(house):
    first, second = house.tablet(), house.tablet()
    for _ in range(5):
        refused(house)(first.request("lobby", "Wrong-0000"))
    assert isinstance(refused(house)(second.request("lobby")), Locked)
    assert second.sign_in("field")


def test_a_success_begins_a_new_count(house):
    tablet = house.tablet()
    for _ in range(3):
        for _ in range(4):
            refused(house)(tablet.request("lobby", "Wrong-0000"))
        assert tablet.sign_in("lobby")


def test_after_a_lockout_the_count_begins_anew(house):
    tablet = house.tablet()
    for _ in range(5):
        refused(house)(tablet.request("lobby", "Wrong-0000"))
    house.clock.advance(seconds=1800)
    for _ in range(4):
        assert isinstance(refused(house)(tablet.request("lobby", "Wrong-0000")), SignInFailed)
    assert tablet.sign_in("lobby")


def test_a_number_that_nobody_has_locks_like_any_other(house):
    tablet = house.tablet()
    told = [type(refused(house)(tablet.request("nobody"))) for _ in range(6)]
    assert told == [SignInFailed] * 5 + [Locked]


def test_a_stranger_without_an_install_locks_nobody_out(house):
    for _ in range(6):
        assert isinstance(refused(house)(Tablet(house).request("lobby", "Wrong-0000")), SignInFailed)
    assert house.tablet().sign_in("lobby")


def test_old_counts_are_forgotten(house):
    tablet = house.tablet()
    refused(house)(tablet.request("nobody-1"))
    house.clock.advance(days=2)
    refused(house)(tablet.request("nobody-2"))
    left = house.auth.store.read(lambda look: list(look.connection.scalars(select(sign_in_failure.c.staff_no))))
    assert left == ["nobody-2"]


def test_what_was_typed_as_a_number_is_not_written_down_for_ever(house):
    house_dump = house.audited("org:3501")
    tablet = house.tablet()
    refused(house)(tablet.request("Tulou-1308"))
    assert house.audited("org:3501")[-1] == ("sign_in", "sign_in_failed")
    assert house.audited("staff:Tulou-1308") == []
    assert house_dump == []


def test_an_old_password_must_be_replaced(house):
    tablet = house.tablet()
    house.clock.advance(days=90)
    assert tablet.sign_in("lobby")
    house.clock.advance(seconds=1)
    expired = refused(house)(tablet.request("lobby"))
    assert (type(expired), expired.code) == (PasswordExpired, ErrorCode.PASSWORD_EXPIRED)
    assert tablet.sign_in("lobby", new_password=NEW_PASSWORD)
    assert tablet.sign_in("lobby", NEW_PASSWORD)
    assert isinstance(refused(house)(tablet.request("lobby")), SignInFailed)


def test_a_wrong_password_does_not_learn_that_it_has_expired(house):
    tablet = house.tablet()
    house.clock.advance(days=91)
    assert isinstance(refused(house)(tablet.request("lobby", "Wrong-0000")), SignInFailed)


def test_a_wrong_password_does_not_set_a_new_one(house):
    tablet = house.tablet()
    assert isinstance(refused(house)(tablet.request("lobby", "Wrong-0000", new_password=NEW_PASSWORD)), SignInFailed)
    assert tablet.sign_in("lobby")


def test_a_password_that_somebody_else_chose_must_be_replaced(house):
    house.hire("new", "3501", "lobby_manager", is_initial=True)
    tablet = house.tablet()
    assert isinstance(refused(house)(tablet.request("new")), PasswordExpired)
    assert tablet.sign_in("new", new_password=NEW_PASSWORD)


def test_a_weak_new_password_is_refused_with_its_reason(house):
    tablet = house.tablet()
    for weak in ("Ab-1", "abcdefgh1", "ABCDEFGH-", "lobby-Lobby-1", PASSWORD, "Aa1-" * 40):
        refusal = refused(house)(tablet.request("lobby", new_password=weak))
        assert (type(refusal), refusal.code) == (PasswordRefused, ErrorCode.PASSWORD_REFUSED), weak
        assert refusal.detail


def test_a_reset_lifts_the_lockout_and_ends_all_sessions(house):
    tablet, other = house.tablet(), house.tablet()
    tablet.sign_in("lobby")
    for _ in range(5):
        refused(house)(other.request("lobby", "Wrong-0000"))
    reset_password(house.auth, "lobby", NEW_PASSWORD, "test", is_initial=False)
    assert refusal_of(tablet.ask).code is ErrorCode.UNAUTHENTICATED
    assert tablet.sign_in("lobby", NEW_PASSWORD)


def test_a_revoked_person_is_told_so_only_with_the_right_password(house):
    tablet = house.tablet()
    revoke_staff(house.auth, "lobby", "test")
    assert isinstance(refused(house)(tablet.request("lobby", "Wrong-0000")), SignInFailed)
    assert isinstance(refused(house)(tablet.request("lobby")), Revoked)


def test_a_revoked_install_lets_nobody_sign_in_and_repeats_its_orders(house):
    tablet = house.tablet()
    revoke_install(house.auth, tablet.install_id, "test")
    refusal = refused(house)(tablet.request("lobby"))
    assert isinstance(refusal, Revoked)
    assert [order["buckets"] for order in refusal.args_of_problem["purges"]] == [["*"]]


def test_a_hash_of_former_costs_is_replaced_at_sign_in(house):
    before = stored_hash(house)
    dearer = msgspec.structs.replace(house.auth.settings, argon2_passes=2)
    house.auth.passwords = type(house.auth.passwords)(dearer)
    house.tablet().sign_in("lobby")
    assert "t=1" in before
    assert "t=2" in stored_hash(house)
    assert house.tablet().sign_in("lobby")


def stored_hash(house):
    query = "SELECT password_hash FROM staff WHERE staff_no = 'lobby'"
    return house.auth.store.read(lambda look: look.connection.exec_driver_sql(query).scalar_one())


class Meanwhile(Passwords):
    """Real passwords, during whose slow check something else happens."""

    def __init__(self, settings, happening):
        super().__init__(settings)
        self.happening = happening

    def is_right(self, password, password_hash):
        happening, self.happening = self.happening, lambda: None
        happening()
        return super().is_right(password, password_hash)


def test_a_password_that_is_replaced_while_it_is_checked_is_wrong(house):
    tablet = house.tablet()

    def reset():
        reset_password(house.auth, "lobby", NEW_PASSWORD, "test", is_initial=False)

    house.auth.passwords = Meanwhile(house.auth.settings, reset)
    assert isinstance(refused(house)(tablet.request("lobby")), SignInFailed)
    assert tablet.sign_in("lobby", NEW_PASSWORD)


def test_a_lockout_that_comes_while_a_password_is_checked_counts(house):
    tablet, other = house.tablet(), house.tablet()

    def lock():
        for _ in range(5):
            refused(house)(other.request("lobby", "Wrong-0000"))

    house.auth.passwords = Meanwhile(house.auth.settings, lock)
    assert isinstance(refused(house)(tablet.request("lobby")), Locked)
