"""The store on SQLite and on PostgreSQL: the same statements, two ways to commit."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Engine, Executable
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from backend.storage.checkpoints import Checkpointer
from backend.storage.committers import Answer, Committer, DirectCommitter, GroupCommitter
from backend.storage.driver import Driver, Row, is_clash, is_outage, outage_detail
from backend.storage.follow_ups import Follower, FollowUp, has_any, note_failure, take_off, take_oldest
from backend.storage.projections import Projection, Projector
from backend.storage.reactions import NO_REACTIONS, Reactions
from backend.storage.readers import Readers
from backend.storage.snapshot import SqlSnapshot
from backend.storage.statements import statements_for
from backend.storage.unit import SqlUnit
from sync.errors import Busy

T = TypeVar("T")


class Wake(NamedTuple):
    """What a commit leaves behind it: the buckets that moved, and whether something is to be followed up."""

    moved: frozenset[str]
    is_followed: bool


Attempt = Callable[[Driver], tuple[T, Wake]]

ATTEMPTS_MAX = 10
WAIT_S, WAIT_S_MAX = 0.005, 0.25

retrying_clashes = Retrying(
    retry=retry_if_exception(is_clash),
    stop=stop_after_attempt(ATTEMPTS_MAX - 1),  # after the first, which is made without this
    wait=wait_random_exponential(WAIT_S, WAIT_S_MAX),
    reraise=True,
)


class SqlStore:
    """A `sync.store.Store`; `on_commit` gets the names of the buckets that moved, after each commit.

    Use it from any number of threads, and any number of processes on one database. `close` it, or use it in a
    `with`; a unit of work must not start another.
    """

    def __init__(
        self,
        engine: Engine,
        projections: Mapping[str, Projection] | None = None,
        *,
        reactions: Reactions = NO_REACTIONS,
        on_commit: Callable[[frozenset[str]], None] | None = None,
    ) -> None:
        self.engine = engine
        self._readers = Readers(engine)
        self._sql = statements_for(engine.dialect.name)
        self._projector = Projector(projections or {}, self._sql)
        self._reactions = reactions
        self._on_commit = on_commit
        is_sqlite = engine.dialect.name == "sqlite"
        self._committer: Committer = GroupCommitter(engine) if is_sqlite else DirectCommitter(engine)
        self._checkpointer = Checkpointer(engine) if is_sqlite else None
        self._follower: Follower | None = None

    def read(self, look: Callable[[SqlSnapshot], T]) -> T:
        """Run `look` on one snapshot. Raises Busy if the database is away."""
        with busy_if_away():
            return self._look(look)

    def ask(self, sql: str, *parameters: Any) -> list[Row]:
        """Return the rows of one compiled statement: the cheapest look there is. Raises Busy without a database."""
        with busy_if_away(), self._readers.borrow() as driver:
            return driver.ask(sql, *parameters)

    def compile(self, statement: Executable) -> str:
        """Return a statement as the text that `ask` takes, with positional parameters."""
        return self._sql.compile(statement)

    def write(self, work: Callable[[SqlUnit], T]) -> T:
        """Run `work` as one transaction and return its result once it is committed.

        It may run more than once: a clash with another transaction undoes it first. Raises Busy if that never
        succeeds, or if the database is full, locked or away; nothing was committed then.
        """

        with busy_if_away():
            result, wake = self._commit(self._attempt(work))
        self.committed(wake)
        return result

    def submit(self, work: Callable[[SqlUnit], T], answer: Answer[T]) -> None:
        """Let `work` run as one transaction, and give `answer` its result, in another thread, once it is committed.

        For who must not wait: only on SQLite, where the writer's own thread does the work. `answer` is given what
        `write` would raise. Raises Busy if too many wait, or the store is closing.
        """
        assert isinstance(self._committer, GroupCommitter), "on PostgreSQL each unit needs a thread that waits for it"
        self._committer.submit(self._attempt(work), _Later(self, work, answer))

    @property
    def handed_in(self) -> int:
        """How many units of work this store was given since its start."""
        return self._committer.handed_in

    def start_following(self) -> None:
        """Do what may follow later, in a thread of this store, from now on until it closes."""
        self._follower = Follower(self)
        self._follower.start()

    def follow_up(self) -> bool:
        """Do the oldest follow-up; return whether there was one. Raises what it raised, and counts that."""
        taken: list[FollowUp] = []

        def work(unit: SqlUnit) -> None:
            taken[:] = [oldest] if (oldest := take_oldest(unit)) else []
            for one in taken:
                take_off(unit, one.positions)  # first: what comes of it may owe the same again
                self._reactions.catch_up(unit, one.kind, one.ids, one.at)

        if not self.read(has_any):
            return False
        try:
            self.write(work)
        except Exception:
            for one in taken:
                note_failure(self, one.positions)
            raise
        return bool(taken)

    def catch_up(self) -> None:
        """Return once nothing is left to be followed up: for who must see all that follows, as tests and figures."""
        while self.read(has_any):
            self.follow_up()

    def close(self) -> None:
        """Commit what waits, then let go of the database."""
        if self._follower is not None:
            self._follower.stop()
        self._committer.close()
        if self._checkpointer is not None:
            self._checkpointer.close()
        self._readers.close()
        self.engine.dispose()

    def __enter__(self) -> "SqlStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempt(self, work: Callable[[SqlUnit], T]) -> Attempt[T]:
        def attempt(driver: Driver) -> tuple[T, Wake]:
            unit = SqlUnit(driver, self._sql, self._projector, self._reactions)
            result, moved = work(unit), unit.finish()
            return result, Wake(moved, unit.is_followed)

        return attempt

    def committed(self, wake: Wake) -> None:
        """Tell who wants to know what was committed."""
        if self._checkpointer is not None:
            self._checkpointer.note_commit()
        if self._on_commit is not None and wake.moved:
            self._on_commit(wake.moved)
        if self._follower is not None and wake.is_followed:
            self._follower.wake()

    def _look(self, look: Callable[[SqlSnapshot], T]) -> T:
        with self._readers.borrow() as driver, driver.snapshot():
            return look(SqlSnapshot(driver, self._sql))

    def _commit(self, attempt: Callable[[Driver], T]) -> T:
        try:
            return self._committer.run(attempt)
        except Exception as error:
            if not is_clash(error):
                raise
        result: T = retrying_clashes(self._committer.run, attempt)
        return result


class _Later(Generic[T]):
    """Passes on what came of a submitted unit; one that clashed runs again in a thread that may wait for it."""

    def __init__(self, store: SqlStore, work: Callable[[SqlUnit], T], answer: Answer[T]) -> None:
        self._store, self._work, self._answer = store, work, answer

    def set_result(self, settled: tuple[T, Wake]) -> None:
        """Tell of the commit, then give its result."""
        result, wake = settled
        self._store.committed(wake)
        self._answer.set_result(result)

    def set_exception(self, error: BaseException) -> None:
        """Give what `write` would raise."""
        if is_clash(error):
            threading.Thread(target=self._write, name="padsync-again", daemon=True).start()
        else:
            self._answer.set_exception(as_busy(error))

    def _write(self) -> None:
        try:
            result = self._store.write(self._work)
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            self._answer.set_exception(error)
        else:
            self._answer.set_result(result)


@contextmanager
def busy_if_away() -> Iterator[None]:
    """Turn what the database says when it cannot take the work into Busy."""
    try:
        yield
    except Exception as error:
        told = as_busy(error)
        if told is error:
            raise
        raise told from error


def as_busy(error: BaseException) -> BaseException:
    """Return Busy for what the database says when it cannot take the work, and any other error as it is."""
    if is_clash(error):
        return Busy("others kept changing the same records")
    return Busy(outage_detail(error)) if is_outage(error) else error
