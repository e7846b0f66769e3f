"""How units of work become commits: each by itself on PostgreSQL, in groups by one thread on SQLite."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog
from sqlalchemy import Engine

from backend.storage.driver import Driver
from sync.errors import Busy

T = TypeVar("T")
Contra = TypeVar("Contra", contravariant=True)

_log = structlog.get_logger("padsync.storage")

WAITING_MAX = 1_000  # units that may wait for the writer; more are refused as busy
GROUP_MAX = 64  # units in one commit
GROUP_S_MAX = 0.02  # a group that took this long commits, whoever waits


class Committer(Protocol):
    """Runs an attempt in a transaction of its own and returns once it is committed."""

    @property
    def handed_in(self) -> int:
        """How many units were handed in since the start: who lets others go first sees by it whether any came."""
        ...

    def run(self, attempt: Callable[[Driver], T]) -> T: ...
    def close(self) -> None: ...


class DirectCommitter:
    """Runs each attempt in the caller's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.handed_in = 0  # roughly: threads that count at the same moment count one

    def run(self, attempt: Callable[[Driver], T]) -> T:
        """Return the attempt's result after its commit; raise what it raised after its rollback."""
        self.handed_in += 1
        with self._engine.connect() as connection:
            driver = Driver.over(connection)
            try:
                with connection.begin():
                    return attempt(driver)
            finally:
                driver.give_back()

    def close(self) -> None:
        """Nothing is under way but in callers' threads."""


class Answer(Protocol[Contra]):
    """Takes what came of a unit of work; a future is one."""

    def set_result(self, result: Contra, /) -> None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...


class Job(NamedTuple):
    """A unit of work that waits for the writer."""

    attempt: Callable[[Driver], Any]
    answer: Answer[Any]


Attempt = Callable[[Job, Driver], Callable[[], None]]


class GroupLost(Exception):
    """The whole transaction is undone, not only one unit; the cause says why."""


class GroupCommitter:
    """One thread that commits the units waiting for it together.

    An answer is given only after the commit. If the commit fails, every unit of the group fails with it. If a unit
    fails, the group begins anew with each unit in a savepoint of its own, so that only this one is undone: savepoints
    cost every unit two statements and a copy of each page that it changes, and nearly none fails.
    """

    def __init__(self, engine: Engine, *, waiting_max: int = WAITING_MAX) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting_max = waiting_max
        self._door = threading.Lock()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self.handed_in = 0

    @property
    def waiting(self) -> int:
        """How many units wait for the writer; near WAITING_MAX the disk is too slow for the load."""
        return self._waiting.qsize()

    def run(self, attempt: Callable[[Driver], T]) -> T:
        """Return the attempt's result after its commit. Raises Busy if too many wait, or the store is closing."""
        assert threading.current_thread() is not self._thread, "a unit of work started another"
        answer: Future[T] = Future()
        self.submit(attempt, answer)
        return answer.result()

    def submit(self, attempt: Callable[[Driver], T], answer: Answer[T]) -> None:
        """Let the writer run the attempt, and give `answer`, in the writer's thread, what came of it after the commit.

        Raises Busy as `run` does.
        """
        with self._door:
            self._admit(Job(attempt, answer))

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._door:
            self._is_closed = True
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def _admit(self, job: Job) -> None:
        if self._is_closed:
            raise Busy("the server is stopping")
        if self._waiting.qsize() >= self._waiting_max:
            raise Busy("too many writers are waiting")
        self._waiting.put(job)
        self.handed_in += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._commit_groups, name="padsync-writer", daemon=True)
            self._thread.start()

    def _commit_groups(self) -> None:
        while (job := self._waiting.get()) is not None:
            self._commit_group(job)

    def _commit_group(self, first: Job) -> None:
        taken = [first]
        try:
            done = self._commit(taken)
        except BaseException as error:  # the thread must live, whatever was raised: each caller gets it
            cause = error.__cause__ if isinstance(error, GroupLost) else error
            done = [lambda job=job: job.answer.set_exception(cause) for job in taken]  # type: ignore[misc]  # job is bound in its default
        for answer in done:
            try:
                answer()
            except Exception as error:  # what is committed stays so; only its asker is gone
                _log.warning("answer_lost", error=type(error).__qualname__)

    def _commit(self, taken: list[Job]) -> list[Callable[[], None]]:
        """Commit a job, and those behind it, which are added to `taken`; return how to answer each."""
        try:
            return self._commit_all(self._group(taken), _attempt)
        except GroupLost:
            if len(taken) == 1:
                raise
            return self._commit_all(taken, _attempt_apart)

    def _commit_all(self, jobs: Iterable[Job], attempt: Attempt) -> list[Callable[[], None]]:
        done: list[Callable[[], None]] = []
        with self._engine.begin() as connection:
            driver = Driver.over(connection)
            for job in jobs:
                done.append(attempt(job, driver))  # in the transaction, and one by one
        return done

    def _group(self, taken: list[Job]) -> Iterator[Job]:
        """Yield the first job and those that wait behind it, up to the bounds of a group."""
        yield taken[0]
        ends_at = time.monotonic() + GROUP_S_MAX
        for _ in range(GROUP_MAX - 1):
            if time.monotonic() > ends_at:
                return
            if self._waiting.empty():
                time.sleep(0)  # whoever is about to hand one in gets their turn at the interpreter first
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return
            if job is None:  # closing: this group is the last but for those before the sign, of which there are none
                self._waiting.put(None)
                return
            taken.append(job)
            yield job


def _attempt(job: Job, driver: Driver) -> Callable[[], None]:
    """Run one unit; return how to answer it once the group is committed. Raises GroupLost if it fails."""
    try:
        result = job.attempt(driver)
    except BaseException as error:
        raise GroupLost from error
    return lambda: job.answer.set_result(result)


def _attempt_apart(job: Job, driver: Driver) -> Callable[[], None]:
    """Run one unit in its savepoint; return how to answer it once the group is committed."""
    driver.run("SAVEPOINT unit")
    try:
        result = job.attempt(driver)
    except BaseException as error:
        if not driver.is_in_transaction:
            raise GroupLost from error
        driver.run("ROLLBACK TO unit")
        driver.run("RELEASE unit")
        failure = error
        return lambda: job.answer.set_exception(failure)
    driver.run("RELEASE unit")
    return lambda: job.answer.set_result(result)
