"""Work handed to the writer by who must not wait: the answer comes after the commit, whatever became of it."""

import asyncio
import threading
from concurrent.futures import Future
from typing import Any

import pytest

from backend.live.mailbox import Letter, Mailbox
from backend.storage.driver import Clash
from backend.storage.engine import make_engine
from backend.storage.sql_store import SqlStore
from sync.errors import Busy
from tests.sync.store_cases import Refused, bucket, create, stored


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts how often another thread woke it."""

    calls = 0

    def call_soon_threadsafe(self, *told: Any, **options: Any) -> asyncio.Handle:  # type: ignore[override]  # as told
        self.calls += 1
        return super().call_soon_threadsafe(*told, **options)


@pytest.fixture
def store(sqlite_url):
    with SqlStore(make_engine(sqlite_url)) as store:
        yield store


def put(unit):
    unit.save_records([create(stored("f-1"))])
    return "done"


def submit(store, work):
    answer: Future[object] = Future()
    store.submit(work, answer)
    return answer.result(10)


def test_the_result_comes_once_it_is_committed_and_told(sqlite_url):
    moved: list[frozenset[str]] = []
    with SqlStore(make_engine(sqlite_url), on_commit=moved.append) as store:
        seen: list[tuple[int, int]] = []
        answer: Future[str] = Future()
        answer.add_done_callback(lambda _: seen.append((bucket(store, "branch:1").head, len(moved))))
        store.submit(put, answer)
        assert answer.result(10) == "done"
    assert (seen, moved) == ([(1, 1)], [frozenset({"branch:1"})])


def test_what_the_work_raises_comes_back_and_nothing_of_it_stays(store):
    def refuse(unit):
        put(unit)
        raise Refused

    with pytest.raises(Refused):
        submit(store, refuse)
    assert bucket(store, "branch:1").head == 0


def test_work_that_clashed_runs_again_and_answers_then(store):
    runs: list[threading.Thread] = []

    def clash_once(unit):
        runs.append(threading.current_thread())
        if len(runs) == 1:
            raise Clash("once")
        return put(unit)

    assert (submit(store, clash_once), len(runs)) == ("done", 2)


def test_work_that_clashes_for_ever_is_busy_in_the_end(store):
    def clash(_unit):
        raise Clash("always")

    with pytest.raises(Busy, match="kept changing"):
        submit(store, clash)


def test_a_store_that_has_closed_refuses_at_once(sqlite_url):
    store = SqlStore(make_engine(sqlite_url))
    store.close()
    with pytest.raises(Busy, match="stopping"):
        store.submit(put, Future())


def test_letters_that_are_ready_together_wake_the_loop_once():
    async def wait_for_all():
        mailbox = Mailbox(asyncio.get_running_loop())
        letters: list[Letter[int]] = [Letter(mailbox) for _ in range(10)]

        def settle():
            for at, letter in enumerate(letters[:9]):
                letter.set_result(at)
            letters[9].set_exception(Refused())

        thread = threading.Thread(target=settle)
        thread.start()
        thread.join()  # while the loop stands still
        return await asyncio.gather(*(letter.future for letter in letters), return_exceptions=True)

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        done = runner.run(wait_for_all())
        calls = runner.get_loop().calls  # type: ignore[attr-defined]  # it is the loop above
    assert done[:9] == list(range(9))
    assert isinstance(done[9], Refused)
    assert calls == 1


def test_a_letter_to_somebody_who_has_gone_is_dropped():
    async def leave_early():
        mailbox = Mailbox(asyncio.get_running_loop())
        gone: Letter[str] = Letter(mailbox)
        patient: Letter[str] = Letter(mailbox)
        gone.future.cancel()
        gone.set_result("late")
        patient.set_result("in time")
        return await patient.future

    assert asyncio.run(leave_early()) == "in time"


def test_the_writer_lives_on_after_an_answer_that_nobody_can_take(store):
    class Closed:
        def set_result(self, _result):
            raise RuntimeError("the loop is closed")

        set_exception = set_result

    store.submit(put, Closed())
    assert store.write(lambda unit: len(unit.records([stored("f-1").key]))) == 1
