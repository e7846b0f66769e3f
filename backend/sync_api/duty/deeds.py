"""What people do about duty: rules, exemptions by two people, a recalculation with a name."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial

import msgspec

from backend.auth.trail import note_of_org
from backend.domain.compliance.jobs.closing import Parts, bank_day, recalculate_month
from backend.domain.compliance.jobs.reacting import judge_again, revise_closed
from backend.domain.compliance.queries import exemptions, obligations, setup
from backend.domain.compliance.queries.exemptions import ExemptionRow
from backend.domain.compliance.queries.facts import find_org
from backend.domain.compliance.queries.setup import KeptRule
from backend.domain.compliance.rules.closing import MonthState
from backend.domain.compliance.rules.periods import first_of_month, last_of_month, next_month
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs.duty import SOURCES
from backend.domain.orgs.queries import orgs_above, orgs_below
from backend.identity import Role, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from backend.sync_api.duty.desk import exemption_item, rule_item
from contracts.compliance import (
    MONTHS_MAX,
    ExemptionDecision,
    ExemptionItem,
    ExemptionRequest,
    RecalculationRequest,
    RevisionItem,
    RuleItem,
    RuleRequest,
)
from sync.engine import Engine
from sync.errors import AlreadyDecided, Forbidden, Malformed, NotFound, OwnWork
from sync.kind import Actor
from sync.moments import write_moment
from sync.puts import put_records
from sync.store import Key


class DutyDeeds:
    """Writes of duty; every one is audited in the stream of its institution."""

    def __init__(self, engine: Engine, store: SqlStore) -> None:
        self._engine = engine
        self._store = store

    def add_rule(self, actor: Actor, asked: RuleRequest) -> RuleItem:
        """Add a rule version for an institution of the administrator's area. Raises NotFound, Forbidden."""
        require(actor, Role.ADMINISTRATOR)
        told = msgspec.to_builtins(asked)
        note = told.pop("note")
        rule = msgspec.convert(told | {"rule_id": self._engine.new_id()}, RuleVersion)
        kept = KeptRule(rule=rule, note=note, added_by=actor.staff_no, added_at=self._now())
        self._store.write(lambda unit: _add_rule(unit, actor, kept))
        return rule_item(kept)

    def apply_for_exemption(self, actor: Actor, asked: ExemptionRequest) -> ExemptionItem:
        """Ask for an exemption: a supervisor for a customer of the area, a manager for one of their own.

        Asked again in the same words, as after a lost answer, it stays one application. Raises NotFound for another's
        customer, Malformed for months that make no stretch and for a rule that nobody made.
        """
        require(actor, Role.SUPERVISOR, Role.FIELD_MANAGER)
        if not asked.first_month <= asked.last_month or len(list(_months(asked))) > MONTHS_MAX:
            raise Malformed(f"`first_month` to `last_month` is a stretch of at most {MONTHS_MAX} months.")
        id, at = self._engine.new_id(), self._now()
        return exemption_item(self._store.write(lambda unit: _apply(unit, actor, asked, id, at)))

    def decide_exemption(self, actor: Actor, exemption_id: str, said: ExemptionDecision) -> ExemptionItem:
        """Approve or reject; duties follow at once, closed months by a revision.

        Raises NotFound, OwnWork for whoever applied, AlreadyDecided.
        """
        require(actor, Role.SUPERVISOR)
        return exemption_item(self._store.write(partial(self._decide, actor, exemption_id, said)))

    def recalculate(self, actor: Actor, month: str, asked: RecalculationRequest) -> RevisionItem:
        """Judge a final month again, for the whole house; only the administrator at its top may.

        Raises NotFound for a month that is not final.
        """
        require(actor, Role.ADMINISTRATOR)
        self._store.read(lambda look: _check_final(look, actor, month))
        parts = Parts(self._store, self._engine.kinds, SOURCES)
        number = recalculate_month(parts, month, asked.name, actor.staff_no, self._engine.clock())
        self._store.write(
            lambda unit: note_of_org(
                unit, actor.org_id, actor.staff_no, "recalculate_month", self._now(), subject=month,
                detail={"revision": number},
            )
        )  # fmt: skip
        (made,) = self._store.read(lambda look: obligations.list_revisions(look.connection, month, number - 1, 1))
        return RevisionItem(**{name: getattr(made, name) for name in RevisionItem.__struct_fields__})

    def _now(self) -> str:
        return write_moment(self._engine.clock())

    def _decide(self, actor: Actor, exemption_id: str, said: ExemptionDecision, unit: SqlUnit) -> ExemptionRow:
        at, today = self._now(), bank_day(self._engine.clock())
        row = exemptions.find_exemption(unit.connection, exemption_id, lock=True)
        if row is None or row.org_id not in orgs_below(unit.connection, actor.org_id):
            raise NotFound
        if row.applied_by == actor.staff_no:
            raise OwnWork("whoever asks for an exemption does not decide about it")
        if row.state != "open":
            raise AlreadyDecided(state=row.state, by=row.decided_by)
        state = "approved" if said.approve else "rejected"
        exemptions.decide_exemption(
            unit.connection, exemption_id, state=state, by=actor.staff_no, at=at, note=said.note
        )
        if said.approve:
            days = {row.customer_id: set(_days(row))}
            revise_closed(
                unit.connection, days, today, cause="exemption", reason=exemption_id, by=actor.staff_no, at=at
            )  # fmt: skip
            puts = judge_again(unit.connection, SOURCES, [row.customer_id], today)
            put_records(unit, self._engine.kinds, puts, by="duty", at=at)
        note_of_org(unit, row.org_id, actor.staff_no, "decide_exemption", at, subject=exemption_id, result=state)
        decided = exemptions.find_exemption(unit.connection, exemption_id)
        assert decided is not None
        return decided


def _add_rule(unit: SqlUnit, actor: Actor, kept: KeptRule) -> None:
    if kept.rule.org_id not in orgs_below(unit.connection, actor.org_id):
        raise NotFound(org_id=kept.rule.org_id)
    setup.add_rule(unit.connection, kept)
    note_of_org(unit, kept.rule.org_id, actor.staff_no, "add_duty_rule", kept.added_at, subject=kept.rule.rule_id)


def _apply(unit: SqlUnit, actor: Actor, asked: ExemptionRequest, id: str, at: str) -> ExemptionRow:
    org_id = find_org(unit.connection, asked.customer_id)
    if org_id is None or not _may_ask(unit, actor, asked.customer_id, org_id):
        raise NotFound
    row = ExemptionRow(
        exemption_id=id, org_id=org_id, applied_by=actor.staff_no, applied_at=at, **msgspec.structs.asdict(asked)
    )  # fmt: skip
    if asked.code and not setup.has_code(unit.connection, asked.code):
        raise Malformed(f"`code`: there is no rule `{asked.code}`; leave it out to be released from all")
    if (before := exemptions.find_same(unit.connection, row)) is not None:
        return before
    exemptions.add_exemption(unit.connection, row)
    note_of_org(unit, org_id, actor.staff_no, "apply_for_exemption", at, subject=id)
    return row


def _may_ask(unit: SqlUnit, actor: Actor, customer_id: str, org_id: str) -> bool:
    if Role.SUPERVISOR.value in actor.roles and org_id in orgs_below(unit.connection, actor.org_id):
        return True
    stored = unit.records([Key("customer", customer_id)]).get(Key("customer", customer_id))
    return stored is not None and Role.FIELD_MANAGER.value in actor.roles and actor.sees(stored.buckets)


def _check_final(look: SqlSnapshot, actor: Actor, month: str) -> None:
    connection = look.connection
    if len(orgs_above(connection, [actor.org_id])[actor.org_id]) > 1:
        raise Forbidden("a month is recalculated for the whole house")
    rows = obligations.load_months(connection, month)
    if not any(row.month == month and row.state is MonthState.FINAL for row in rows):
        raise NotFound("only a month that is final is recalculated", month=month)


def _months(asked: ExemptionRequest | ExemptionRow) -> Iterable[str]:
    month, count = asked.first_month, 0
    while month <= asked.last_month and count <= MONTHS_MAX:
        yield month
        month, count = next_month(month), count + 1


def _days(row: ExemptionRow) -> Iterable[date]:
    for month in _months(row):
        first = first_of_month(month)
        yield from (first + timedelta(days=n) for n in range((last_of_month(month) - first).days + 1))
