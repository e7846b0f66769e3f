"""A bank's review desks: institutions, supervisors, one field manager's duty, and what waits for a decision."""

from datetime import date

from backend.domain.compliance.jobs.closing import Parts, refresh_duties
from backend.domain.compliance.queries import facts, obligations, setup
from backend.domain.compliance.queries.facts import LoanFact
from backend.domain.compliance.queries.setup import KeptRule
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs.duty import SOURCES
from backend.domain.orgs.queries import OrgRow, add_org
from backend.domain.staff.models import assignment, staff
from backend.domain.staff.queries import add_portfolio
from backend.domain.visits.queries import Picked
from backend.domain.visits.rules.thresholds import Thresholds
from backend.registry import KINDS
from backend.storage.sql_store import SqlStore
from backend.sync_api.visits.deeds import VisitDeeds
from backend.sync_api.visits.desk import VisitDesk
from contracts.visits import VisitDecision
from sync.kind import Actor
from tests.backend.visits.field import CUSTOMER, Field

FRIDAY = "2026-11-20T02:00:00Z"
SECRETIVE = "林小燕在家，电话13859900001，欠款三十万"
BOSS, SECOND, BRANCH, STRANGER = (
    Actor(install_id="", staff_no=who, org_id=org_id, roles=frozenset({"supervisor"}))
    for who, org_id in (("s1", "35"), ("s2", "FJ"), ("s3", "3501"), ("s4", "36"))
)


class Office(Field):
    """A field with a tree of institutions, a duty of one visit a month, and the supervisors' desks."""

    def __init__(self, store: SqlStore) -> None:
        store.write(self._found)
        super().__init__(store)
        self.desk = VisitDesk(store, Thresholds())
        self.deeds = VisitDeeds(self.engine, store)
        self.parts = Parts(store, KINDS, SOURCES)

    def _found(self, unit):
        connection = unit.connection
        for org_id, level, parent in (
            ("FJ", "union", None), ("35", "bank", "FJ"), ("3501", "branch", "35"), ("36", "bank", "FJ"),
        ):  # fmt: skip
            add_org(connection, OrgRow(org_id=org_id, name=org_id, level=level, parent=parent))
        add_portfolio(connection, "p1", "3501")
        person = {"staff_no": "m1", "name": "某人", "org_id": "3501", "roles": "field_manager",
                  "password_hash": "", "password_changed_at": "", "created_at": ""}  # fmt: skip
        connection.execute(staff.insert().values(person))
        since = "2025-01-01T00:00:00.000Z"
        connection.execute(assignment.insert().values(staff_no="m1", bucket="portfolio:p1", from_at=since))
        rule = RuleVersion(
            rule_id="r1", code="monthly", org_id="35", valid_from_month="2026-11", threshold_fen=1, min_visits=1
        )  # fmt: skip
        setup.add_rule(connection, KeptRule(rule=rule, note="", added_by="a", added_at=since))

    def lend(self):
        """Let the customer owe enough for a visit in November."""
        fact = LoanFact(
            loan_id="l1", customer_id=CUSTOMER, org_id="3501", opened_on=date(2025, 5, 1), day=date(2026, 10, 1),
            balance_fen=100,
        )  # fmt: skip
        self.store.write(lambda unit: facts.note_loans(unit.connection, [fact]))
        refresh_duties(self.parts, self.clock.at)

    def odd_visit(self, pad, at=FRIDAY, north_m=2000, **told):
        id = pad.visit(at, north_m=north_m, **told)
        pad.push()
        return id

    def decide(self, actor, id, decision, reason="理由", version=None):
        said = VisitDecision(decision=decision, reason=reason, version=version or self.version(id))
        return self.deeds.decide(actor, id, said)

    def queue(self, actor=BOSS, state="open", after=None, limit=50, **picked):
        return self.desk.reviews(actor, state, Picked(**picked), org_id=None, after=after, limit=limit)

    def waiting(self, actor=BOSS, **picked):
        return [item.visit_id for item in self.queue(actor, **picked).items]

    def duty(self):
        found = obligations.list_obligations
        (kept,) = self.store.read(lambda look: found(look.connection, [], None, 10))
        return kept.counted, kept.pending, kept.status

    def pulled(self, kind):
        rows = self.store.read(lambda look: look.rows("visits:m1", 0, 100))
        return {row.id: KINDS[kind].read(row.body) for row in rows if row.kind == kind}
