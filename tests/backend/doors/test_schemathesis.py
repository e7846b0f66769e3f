"""Schemathesis reads the API description and tries what it allows and what it does not: no server error."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.backend.doors.real import bank

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

EXAMPLES_PER_OPERATION = 8
TIMEOUT_S = 10
ENDLESS = {"/api/v1/sync/events"}  # test_live.py listens to it
ENDING = {"/api/v1/auth/sign-out"}  # nobody would be signed in after it; tried last


@pytest.fixture(scope="module")
def tablets(tmp_path_factory):
    """One tablet of each role: a door that is shut tries nothing behind it."""
    with bank(tmp_path_factory.mktemp("bank") / "data") as real:
        roles = ("lobby_manager", "supervisor", "administrator")
        yield [real.tablet(role.replace("_", "-"), role) for role in roles]


def operations(tablet) -> list[Operation]:
    described = schemathesis.openapi.from_url(f"{tablet.client.base_url}/openapi.json")
    described.config.generation.update(modes=list(GenerationMode))
    found = [result.ok() for result in described.get_all_operations() if isinstance(result, Ok)]
    return sorted((one for one in found if one.path not in ENDLESS), key=lambda one: one.path in ENDING)


def try_out(operation: Operation, tablet) -> int:
    """Try one operation with generated input; return how many requests that were."""
    tried = 0

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) | operation.as_strategy())
    @settings(
        max_examples=EXAMPLES_PER_OPERATION, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def attempt(case: AnyCase) -> None:
        nonlocal tried
        tried += 1
        if isinstance(case.body, dict) and "wait_s" in case.body:
            case.body["wait_s"] = 0  # patience is tested elsewhere
        case.call_and_validate(
            base_url=str(tablet.client.base_url), headers=tablet.headers, checks=[not_a_server_error], timeout=TIMEOUT_S
        )  # fmt: skip

    attempt()
    return tried


def test_nothing_that_is_sent_breaks_the_server(tablets):
    tried = {
        (operation.label, at): try_out(operation, tablet)
        for at, tablet in enumerate(tablets)
        for operation in operations(tablet)
    }
    assert len(tried) >= 3 * 25
    assert all(count > 0 for count in tried.values())
