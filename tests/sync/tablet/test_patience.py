"""Patience: what is tried again, how long it waits, and when it gives up."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ErrorCode, ProblemDocument
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.patience import PAUSE_MAX_MS, Patience, pause_ms


def refused(code: ErrorCode, retry_after_ms: int | None = None) -> Refused:
    return Refused(
        ProblemDocument(type="x", title="x", status=code.status, code=code.code, retry_after_ms=retry_after_ms)
    )


class Line:
    """Fails as told, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.asked = list(failures), 0

    def ask(self) -> str:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def patience(pauses):
    return Patience(pauses.append, Random(1), attempts_max=4)


def test_transport_errors_429_and_503_are_tried_again(patience):
    line = Line(LineFailed(), refused(ErrorCode.TOO_MANY_REQUESTS), refused(ErrorCode.UNAVAILABLE))
    assert patience.call(line.ask) == "answer"


@pytest.mark.parametrize("code", [c for c in ErrorCode if c.status not in (0, 429, 503)])
def test_nothing_else_is_tried_again(patience, code):
    line = Line(refused(code))
    with pytest.raises(Refused):
        patience.call(line.ask)
    assert line.asked == 1


def test_it_gives_up_with_the_last_failure(patience, pauses):
    line = Line(*[LineFailed(str(at)) for at in range(9)])
    with pytest.raises(LineFailed, match="3"):
        patience.call(line.ask)
    assert (line.asked, len(pauses)) == (4, 3)


def test_the_servers_word_is_heeded(patience, pauses):
    patience.call(Line(refused(ErrorCode.UNAVAILABLE, 7_000)).ask)
    assert pauses == [7.0]


@given(st.integers(0, 60), st.none() | st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_bounded_jittered_and_never_shorter_than_asked(attempt, asked, chance):
    wait = pause_ms(attempt, asked, chance, first_ms=250, longest_ms=15_000)
    assert min(asked or 0, PAUSE_MAX_MS) <= wait <= PAUSE_MAX_MS
    assert wait <= max(asked or 0, min(15_000, 250 * 2**attempt))
