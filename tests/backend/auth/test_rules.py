"""Scope, passwords, letters, brakes and settings, each by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.auth.throttle import Throttle
from backend.domain.devices.rules import LETTERS_MAX, hash_code, letter_of, write_code
from backend.domain.staff.policy import ASSIGNABLE, Assignment, own_buckets, roles_clash, scope_of
from backend.domain.staff.rules import Failures, Lockout, PasswordRules, after_failure, is_locked, password_weakness
from backend.identity import Role, require
from backend.settings import SettingInvalid, Settings, list_settings, read_settings, write_settings_table
from sync.errors import Forbidden
from sync.kind import Actor
from tests.backend.auth.people import Clock

role_sets = st.frozensets(st.sampled_from([role.value for role in Role]), max_size=5)
buckets = st.sampled_from(
    ["portfolio:p1", "portfolio:p2", "branch:3502", "visits:other", "staff:other", "catalog", "odd"]
)
moments = st.integers(1, 28).map(lambda day: f"2026-11-{day:02}T00:00:00.000Z")
assignments = st.lists(st.builds(Assignment, bucket=buckets, from_at=moments, until_at=st.none() | moments), max_size=8)


@given(role_sets, assignments)
def test_a_bucket_in_scope_comes_from_a_role_or_a_current_assignment(roles, assigned):
    scope = scope_of("me", "i", "3501", roles, assigned)
    own = own_buckets("me", "i", "3501", roles)
    current = {one.bucket for one in assigned if one.until_at is None}
    assert own <= scope.buckets <= own | current
    for bucket in scope.buckets - own:
        assert ASSIGNABLE[bucket.partition(":")[0]] in roles
    assert scope.buckets.isdisjoint(scope.past)
    for bucket, ended_at in scope.past.items():
        assert ended_at == max(one.until_at for one in assigned if one.bucket == bucket and one.until_at)


@given(role_sets, assignments)
def test_nobody_gets_what_is_another_persons(roles, assigned):
    scope = scope_of("me", "i", "3501", roles, assigned)
    assert {"visits:other", "staff:other"}.isdisjoint(scope.buckets | scope.past.keys())


@pytest.mark.parametrize(
    ("role", "extra"),
    [
        (Role.LOBBY_MANAGER, {"branch:3501"}),
        (Role.FIELD_MANAGER, {"visits:me"}),
        (Role.SUPERVISOR, set()),
        (Role.ADMINISTRATOR, set()),
        (Role.AUDITOR, set()),
    ],
)
def test_each_role_has_its_buckets(role, extra):
    scope = scope_of("me", "i", "3501", frozenset({role.value}), [])
    assert scope.buckets == {"catalog", "staff:me", "install:i", "team:3501"} | extra


@pytest.mark.parametrize(
    ("roles", "is_fine"),
    [
        (["lobby_manager", "field_manager"], True),
        (["supervisor", "field_manager"], True),
        (["auditor"], True),
        (["administrator"], True),
        ([], False),
        (["teller"], False),
        (["auditor", "supervisor"], False),
        (["administrator", "auditor"], False),
        (["administrator", "lobby_manager"], False),
    ],
)
def test_those_who_administer_and_those_who_audit_do_nothing_else(roles, is_fine):
    assert (roles_clash(roles) is None) is is_fine


def test_a_door_for_one_role_is_closed_to_others():
    actor = Actor(install_id="i", staff_no="me", org_id="o", roles=frozenset({"auditor"}))
    require(actor, Role.ADMINISTRATOR, Role.AUDITOR)
    with pytest.raises(Forbidden):
        require(actor, Role.ADMINISTRATOR, Role.SUPERVISOR)


@pytest.mark.parametrize(
    ("password", "is_strong"),
    [
        ("Abcdef-1", True),
        ("abcdef-1", True),
        ("土楼土Abc12", True),
        ("Abcde-1", False),
        ("abcdefg1", False),
        ("Me-12345", False),
    ],
)
def test_a_password_has_eight_characters_of_three_kinds_and_not_the_number(password, is_strong):
    assert (password_weakness(password, "me", PasswordRules()) is None) is is_strong


@given(st.integers(1, 12))
def test_every_fifth_failure_locks(failed):
    clock, failures = Clock(), Failures()
    for _ in range(failed):
        if is_locked(failures, clock()):
            clock.advance(minutes=30)
        failures = after_failure(failures, clock(), Lockout())
        clock.advance(seconds=1)
    assert is_locked(failures, clock()) is (failed % 5 == 0)


@given(st.integers(0, LETTERS_MAX - 1), st.integers(0, LETTERS_MAX - 1))
def test_letters_never_repeat(one, other):
    assert (letter_of(one) == letter_of(other)) is (one == other)


@pytest.mark.parametrize(
    ("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (18277, "ZZZ")]
)
def test_letters_count_as_columns_do(index, letter):
    assert letter_of(index) == letter


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_codes_are_told_apart_by_what_people_type(one, other):
    code = write_code(one)
    assert len(code) == 19
    assert hash_code(code.lower().replace("-", " ")) == hash_code(code)
    assert (hash_code(code) == hash_code(write_code(other))) is (code == write_code(other))


def test_a_brake_lets_a_burst_through_and_then_one_at_a_time():
    brake = Throttle(6)
    assert [brake.wait_ms("a", 100.0) for _ in range(7)] == [0] * 6 + [10_000]
    assert brake.wait_ms("b", 100.0) == 0
    assert brake.wait_ms("a", 109.9) == 100
    assert brake.wait_ms("a", 110.0) == 0
    assert brake.wait_ms("a", 110.0) == 10_000


def test_a_brake_forgets_the_least_recent_key():
    brake = Throttle(1, keys_max=2)
    for key in "abc":
        assert brake.wait_ms(key, 0.0) == 0
    assert brake.wait_ms("a", 0.0) == 0
    assert brake.wait_ms("c", 0.0) > 0


def test_without_an_environment_every_setting_has_its_default():
    settings = read_settings({"HOME": "/", "PATH": "/bin"})
    assert settings == Settings()
    assert settings.database == "sqlite:///data/padsync.db"


def test_the_environment_is_read_by_type():
    settings = read_settings(
        {"PADSYNC_PORT": "8080", "PADSYNC_DATABASE_URL": "postgresql://db/x", "PADSYNC_LOG_LEVEL": "debug"}
    )
    assert (settings.port, settings.database, settings.log_level) == (8080, "postgresql://db/x", "debug")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PADSYNC_PORT", "http"),
        ("PADSYNC_PORT", "0"),
        ("PADSYNC_PORTS", "8080"),
        ("PADSYNC_port", "8080"),
        ("PADSYNC_LOG_LEVEL", "loud"),
        ("PADSYNC_PASSWORD_LENGTH_MIN", "4"),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(SettingInvalid, match=name):
        read_settings({name: value})


def test_every_setting_says_what_it_is_for():
    table = write_settings_table()
    for variable, default, description in list_settings():
        assert len(description) > 10, variable
        assert f"| `{variable}` |" in table
        assert default in table
