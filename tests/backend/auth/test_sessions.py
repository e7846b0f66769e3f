"""Refresh tokens rotate; a lost answer is forgiven for a minute, a thief never."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.auth.errors import RefreshReused, Revoked, Unauthenticated
from backend.auth.refresh import RefreshToken, Verdict, follow, judge, read_refresh_token
from backend.auth.revocation import revoke_install, revoke_staff
from backend.auth.sessions import refresh, sign_out
from contracts.auth import RefreshRequest
from contracts.errors import ErrorCode
from sync.moments import write_moment
from tests.backend.auth.people import Clock

SECRET = b"s" * 32


def parts_of(tokens):
    token = read_refresh_token(tokens.refresh_token)
    assert token is not None
    return token


@pytest.fixture
def tablet(house):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    return tablet


def test_a_refresh_gives_a_new_pair(house, tablet):
    old = tablet.tokens
    house.clock.advance(seconds=599)
    new = tablet.refresh()
    assert new.refresh_token != old.refresh_token
    house.clock.advance(seconds=2)
    assert tablet.ask().staff_no == "lobby"


def test_a_lost_answer_may_be_asked_for_again_within_a_minute(house, tablet):
    spent = tablet.tokens.refresh_token
    first = tablet.refresh(spent)
    house.clock.advance(seconds=60)
    assert tablet.refresh(spent).refresh_token == first.refresh_token
    assert tablet.ask()
    assert tablet.refresh(first.refresh_token)


def test_a_spent_token_after_a_minute_ends_the_family(house, tablet):
    spent = tablet.tokens.refresh_token
    newest = tablet.refresh(spent).refresh_token
    house.clock.advance(seconds=61)
    with pytest.raises(RefreshReused) as refusal:
        tablet.refresh(spent)
    assert refusal.value.code is ErrorCode.REFRESH_REUSED
    assert house.audited("staff:lobby")[-1] == ("refresh", "refresh_reused")
    with pytest.raises(Unauthenticated):
        tablet.ask()
    with pytest.raises(Unauthenticated):
        tablet.refresh(newest)


def test_a_token_two_steps_old_ends_the_family_at_once(tablet):
    spent = tablet.tokens.refresh_token
    tablet.refresh()
    tablet.refresh()
    with pytest.raises(RefreshReused):
        tablet.refresh(spent)


def test_a_thief_and_the_owner_do_not_both_go_on(house, tablet):
    stolen = tablet.tokens.refresh_token
    thiefs = tablet.refresh(stolen).refresh_token
    owners = tablet.refresh(stolen).refresh_token  # within the grace: both hold the same token now
    tablet.refresh(thiefs)
    house.clock.advance(minutes=10)
    with pytest.raises(RefreshReused):
        tablet.refresh(owners)


def test_a_token_that_is_not_ours_is_unauthenticated_and_ends_nothing(house, tablet):
    session_id = parts_of(tablet.tokens).session_id
    for broken in ("-", "a.b.c", "a.1.!", "..", f"{session_id}.-1.AA", f"{session_id}.9.{'A' * 43}", "é.1.é"):
        with pytest.raises(Unauthenticated):
            refresh(house.auth, RefreshRequest(install_id=tablet.install_id, refresh_token=broken))
    assert tablet.ask().staff_no == "lobby"


def test_a_guess_at_a_familys_token_does_not_end_it(tablet):
    token = parts_of(tablet.tokens)
    tablet.refresh()
    guess = msgspec.structs.replace(token, secret=b"guess" * 6 + b"!!")
    with pytest.raises(Unauthenticated):
        tablet.refresh(guess.write())
    assert tablet.ask()


def test_a_refresh_token_is_worth_nothing_on_another_install(house, tablet):
    other = house.tablet()
    with pytest.raises(Unauthenticated):
        refresh(house.auth, RefreshRequest(install_id=other.install_id, refresh_token=tablet.tokens.refresh_token))


def test_a_session_on_a_tablet_outlives_a_week_of_silence_and_no_more(house, tablet):
    house.clock.advance(days=6, hours=23)
    assert tablet.refresh()
    house.clock.advance(days=7)
    with pytest.raises(Unauthenticated):
        tablet.refresh()


def test_people_who_work_online_are_signed_out_after_half_an_hour_of_silence(house):
    tablet = house.tablet()
    tablet.sign_in("boss")
    house.clock.advance(minutes=29)
    tablet.refresh()
    house.clock.advance(minutes=30)
    with pytest.raises(Unauthenticated):
        tablet.refresh()


def test_a_refresh_ends_with_the_password(house, tablet):
    for _ in range(15):
        house.clock.advance(days=6)
        tablet.refresh()
    house.clock.advance(days=1)
    with pytest.raises(Unauthenticated):
        tablet.refresh()


def test_sign_out_ends_the_persons_tokens_on_this_install_only(house, tablet):
    elsewhere = house.tablet()
    elsewhere.sign_in("lobby")
    sign_out(house.auth, tablet.ask())
    with pytest.raises(Unauthenticated):
        tablet.ask()
    with pytest.raises(Unauthenticated):
        tablet.refresh()
    assert elsewhere.ask()
    assert ("sign_out", "ok") in house.audited("staff:lobby")


def test_when_the_tablet_changes_hands_the_former_persons_tokens_end(house, tablet):
    former = tablet.bearer
    tablet.sign_in("field")
    with pytest.raises(Unauthenticated):
        house.guard.authenticate(former)
    assert tablet.ask().staff_no == "field"


@pytest.mark.parametrize("revoke", ["install", "person"])
def test_a_revoked_tablet_that_refreshes_gets_its_purge_orders(house, tablet, revoke):
    if revoke == "install":
        revoke_install(house.auth, tablet.install_id, "test")
    else:
        revoke_staff(house.auth, "lobby", "test")
    house.clock.advance(hours=1)
    with pytest.raises(Revoked) as refusal:
        tablet.refresh()
    assert refusal.value.args_of_problem["purges"]


def test_the_database_holds_no_token(house, tablet):
    def look(snapshot):
        return str(snapshot.connection.exec_driver_sql("SELECT * FROM session").fetchall())

    dump = house.auth.store.read(look)
    token = parts_of(tablet.tokens)
    assert token.write().rpartition(".")[2] not in dump
    assert token.secret.hex() not in dump
    assert tablet.tokens.access_token not in dump


tokens = st.builds(
    RefreshToken, session_id=st.uuids().map(str), n=st.integers(0, 50), secret=st.binary(min_size=32, max_size=32)
)


@given(tokens, st.integers(0, 30), st.integers(0, 200))
def test_a_chain_tells_every_one_of_its_tokens_from_a_strangers(token, steps, age_s):
    clock = Clock()
    rotated_at = write_moment(clock())
    clock.advance(seconds=age_s)
    newest = follow(token, steps, SECRET)
    verdict, given_token = judge(
        token, newest.n, newest.hash, rotated_at, server_secret=SECRET, now=clock(), grace_s=60
    )
    expected = {0: Verdict.ROTATE, 1: Verdict.REPEAT if age_s <= 60 else Verdict.REUSED}.get(steps, Verdict.REUSED)
    assert verdict is expected
    assert given_token == (follow(newest, 1, SECRET) if verdict is Verdict.ROTATE else newest)
    stranger = msgspec.structs.replace(token, secret=bytes(byte ^ 1 for byte in token.secret))
    verdict, _ = judge(stranger, newest.n, newest.hash, rotated_at, server_secret=SECRET, now=clock(), grace_s=60)
    assert verdict is Verdict.UNKNOWN


@given(tokens)
def test_a_token_reads_as_it_was_written(token):
    assert read_refresh_token(token.write()) == token
