"""The guard lets in who may, and a revocation counts at the next request."""

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from backend.auth.errors import Revoked, Unauthenticated
from backend.auth.keys import Purpose, derive
from backend.auth.revocation import revoke_install, revoke_staff
from backend.auth.staffing import assign_portfolio, unassign_portfolio
from contracts.errors import ErrorCode


@pytest.fixture
def tablet(house):
    tablet = house.tablet()
    tablet.sign_in("field")
    return tablet


def forged(house, claims, *, algorithm="HS256", key=None):
    key = OctKey.import_key(key or derive(house.auth.secret, Purpose.ACCESS))
    return "Bearer " + jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])


def test_the_guard_says_who_asks_and_what_is_theirs(tablet):
    actor = tablet.ask()
    assert (actor.install_id, actor.staff_no, actor.org_id, actor.roles) == (
        tablet.install_id, "field", "3501", {"field_manager"},
    )  # fmt: skip
    assert actor.buckets == {"catalog", "staff:field", f"install:{tablet.install_id}", "visits:field", "team:3501"}


def test_no_token_of_ours_is_unauthenticated(house):
    for header in (None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer é", "Bearer " + "a" * 9999):
        with pytest.raises(Unauthenticated) as refusal:
            house.guard.authenticate(header)
        assert refusal.value.code is ErrorCode.UNAUTHENTICATED


def test_a_forged_token_is_unauthenticated(house, tablet):
    claims = {"sub": "admin", "ins": tablet.install_id, "sid": "x", "exp": 4_000_000_000}
    unsigned = "Bearer eyJhbGciOiJub25lIn0." + tablet.bearer.split(".")[1] + "."
    for header in (
        forged(house, claims, key=b"k" * 32),
        forged(house, claims, algorithm="HS512"),
        forged(house, {"sub": "admin"}),
        forged(house, claims | {"exp": "soon"}),
        forged(house, claims),  # well signed, but there is no such session
        unsigned,
        tablet.bearer[:-2] + ("AA" if not tablet.bearer.endswith("AA") else "BB"),
    ):
        with pytest.raises(Unauthenticated):
            house.guard.authenticate(header)


def test_a_token_ends_after_ten_minutes(house, tablet):
    house.clock.advance(seconds=599)
    assert tablet.ask()
    house.clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        tablet.ask()


def test_a_replayed_token_is_worth_nothing_on_another_install(house, tablet):
    with pytest.raises(Unauthenticated):
        house.guard.authenticate(tablet.bearer, house.tablet().install_id)


def test_todays_schema_counts_before_the_enrolled_one(house, tablet):
    assert tablet.ask().schema == 1
    assert house.guard.authenticate(tablet.bearer, tablet.install_id, 7).schema == 7


def test_a_revoked_install_is_refused_at_its_next_request_with_its_orders(house, tablet):
    assert tablet.ask()
    revoke_install(house.auth, tablet.install_id, "admin", "lost in a taxi")
    with pytest.raises(Revoked) as refusal:
        tablet.ask()
    (order,) = refusal.value.args_of_problem["purges"]
    assert (refusal.value.code, order["cause"], order["buckets"]) == (ErrorCode.REVOKED, "revoked", ["*"])
    assert ("revoke_install", "ok") in house.audited("org:3501")


def test_a_revoked_person_is_refused_at_the_next_request_and_the_tablet_serves_others(house, tablet):
    revoke_staff(house.auth, "field", "admin")
    with pytest.raises(Revoked) as refusal:
        tablet.ask()
    assert refusal.value.args_of_problem["purges"]
    tablet.sign_in("lobby")
    assert tablet.ask().staff_no == "lobby"


def test_only_tablets_that_the_person_used_last_are_ordered_to_purge(house, tablet):
    passed_on, untouched = house.tablet(), house.tablet()
    passed_on.sign_in("field")
    passed_on.sign_in("lobby")
    revoke_staff(house.auth, "field", "admin")
    ordered = [len(orders(house, one)) for one in (tablet, passed_on, untouched)]
    assert ordered == [1, 0, 0]


def test_revoking_twice_changes_nothing(house, tablet):
    for _ in range(2):
        revoke_install(house.auth, tablet.install_id, "admin")
        revoke_staff(house.auth, "field", "admin")
    assert len(orders(house, tablet)) == 1
    assert house.audited("org:3501").count(("revoke_install", "ok")) == 1


def orders(house, tablet):
    return house.auth.store.read(lambda look: look.purges(tablet.install_id))


def test_an_expired_token_of_a_revoked_install_still_hears_of_the_revocation(house, tablet):
    revoke_install(house.auth, tablet.install_id, "admin")
    house.clock.advance(days=3)
    with pytest.raises(Revoked):
        tablet.ask()


def test_a_revoked_and_expired_token_still_identifies_its_install_for_receipts(house, tablet):
    revoke_install(house.auth, tablet.install_id, "admin")
    house.clock.advance(days=3)
    assert house.guard.identify(tablet.bearer, tablet.install_id).ins == tablet.install_id
    with pytest.raises(Unauthenticated):
        house.guard.identify("Bearer a.b.c")
    with pytest.raises(Unauthenticated):
        house.guard.identify(tablet.bearer, "another")


def test_portfolios_come_and_go_with_the_next_request(house, tablet):
    assign(house, "p1")
    assign(house, "p2")
    assert {"portfolio:p1", "portfolio:p2"} <= tablet.ask().buckets
    house.clock.advance(seconds=5)
    ended_at = house.auth.now()
    house.auth.store.write(lambda unit: unassign_portfolio(unit, "field", "p1", ended_at))
    actor = tablet.ask()
    assert "portfolio:p1" not in actor.buckets
    assert actor.past == {"portfolio:p1": ended_at}
    house.clock.advance(seconds=5)
    assign(house, "p1")
    assert "portfolio:p1" in tablet.ask().buckets
    assert tablet.ask().past == {}


def test_a_portfolio_given_and_taken_within_one_moment_may_be_given_again(house, tablet):
    at = house.auth.now()
    for _ in range(2):
        assert house.auth.store.write(lambda unit: assign_portfolio(unit, "field", "p1", at))
        assert not house.auth.store.write(lambda unit: assign_portfolio(unit, "field", "p1", at))
        assert house.auth.store.write(lambda unit: unassign_portfolio(unit, "field", "p1", at))
        assert not house.auth.store.write(lambda unit: unassign_portfolio(unit, "field", "p1", at))
    assert tablet.ask().past == {"portfolio:p1": at}


def test_a_portfolio_assigned_to_somebody_who_does_not_visit_shows_them_nothing(house):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    assign(house, "p1", "lobby")
    assert "portfolio:p1" not in tablet.ask().buckets


def assign(house, portfolio_id, staff_no="field"):
    at = house.auth.now()
    house.auth.store.write(lambda unit: assign_portfolio(unit, staff_no, portfolio_id, at))


def test_the_cards_buckets_are_the_guards(house):
    tablet = house.tablet()
    assign(house, "p1")
    answer = tablet.sign_in("field")
    assert set(answer.staff.buckets) == tablet.ask().buckets


def test_the_guard_remembers_a_bounded_number_of_actors(house, tablet, monkeypatch):
    monkeypatch.setattr("backend.auth.guard.MEMORY_MAX", 2)
    for _ in range(5):
        tablet.sign_in("field")
        assert tablet.ask() == tablet.ask()
    assert len(house.guard._known) <= 2
