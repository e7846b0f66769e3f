"""The series of branches, shown to and set by their administrators."""

from collections.abc import Mapping

from backend.domain.orgs.queries import find_org, orgs_below
from backend.identity import Role, require
from backend.line.series import find_series, read_series, set_series
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from contracts.admin import SeriesAnswer, SeriesChoice, SeriesRequest
from sync.engine import Engine
from sync.errors import Malformed, NotFound
from sync.kind import Actor
from sync.moments import write_moment


class SeriesDesk:
    """Which series of queue numbers a branch has; a branch without a list of its own has the whole bank's."""

    def __init__(self, engine: Engine, store: SqlStore) -> None:
        self._engine, self._store = engine, store

    def show(self, actor: Actor, branch: str) -> SeriesAnswer:
        """Return the series of a branch of the actor's area. Raises Forbidden, NotFound."""
        require(actor, Role.ADMINISTRATOR, Role.AUDITOR)
        return self._store.read(lambda look: _show(look, actor, branch))

    def set(self, actor: Actor, branch: str, request: SeriesRequest) -> SeriesAnswer:
        """Give a branch of the actor's area these series. Raises Forbidden, NotFound, Malformed for one named twice."""
        require(actor, Role.ADMINISTRATOR)
        names = {one.series: one.name for one in request.series}
        if len(names) < len(request.series):
            raise Malformed("a series is named once")
        return self._store.write(lambda unit: self._set(unit, actor, branch, names))

    def _set(self, unit: SqlUnit, actor: Actor, branch: str, names: Mapping[str, str]) -> SeriesAnswer:
        _check_branch(unit, actor, branch)
        at = write_moment(self._engine.clock())
        set_series(unit, self._engine.kinds, names, branch, by=actor.staff_no, at=at)
        return _show(unit, actor, branch)


def _show(look: SqlSnapshot, actor: Actor, branch: str) -> SeriesAnswer:
    _check_branch(look, actor, branch)
    series = [SeriesChoice(series=code, name=name) for code, name in read_series(look, branch).items()]
    return SeriesAnswer(branch_id=branch, series=series, is_own=find_series(look, branch) is not None)


def _check_branch(look: SqlSnapshot, actor: Actor, branch: str) -> None:
    """Raise NotFound unless this is a branch of the actor's area: what lies outside is not theirs to know of."""
    org = find_org(look.connection, branch)
    if org is None or org.level != "branch" or branch not in orgs_below(look.connection, actor.org_id):
        raise NotFound
