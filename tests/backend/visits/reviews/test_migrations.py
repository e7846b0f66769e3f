"""What a migration finds of visits, it brings to where the code expects it."""

from importlib import import_module

from sqlalchemy import delete, select

from backend.domain.visits.models import visit, visit_review, visit_trace
from backend.storage.tables import membership, record
from tests.backend.visits.field import Pad


def test_the_migration_queues_the_visits_that_waited_before_it(office):
    pad = Pad(office)
    for n, north_m in enumerate((2000, 400, 330)):
        office.odd_visit(pad, f"2026-11-{10 + n}T02:00:00Z", north_m)

    def rows(look):
        chosen = select(visit_review).order_by(visit_review.c.area, visit_review.c.place)
        return [tuple(row) for row in look.connection.execute(chosen)]

    before = office.store.read(rows)
    office.store.write(lambda unit: unit.connection.execute(delete(visit_review)))
    migration = import_module("backend.migrations.versions.0014_visit_reviews")
    office.store.write(lambda unit: migration.fill_queue(unit.connection))
    assert office.store.read(rows) == before
    assert len(before) >= 6


def test_the_migration_has_visits_judged_that_came_before_there_were_grades(office):
    pad = Pad(office)
    ids = [office.odd_visit(pad, f"2026-11-{10 + n}T02:00:00Z") for n in range(3)]
    before = [office.grade(id) for id in ids]
    forget = (
        delete(visit_trace), delete(visit), delete(visit_review), delete(record).where(record.c.kind == "visit_grade"),
        delete(membership).where(membership.c.kind == "visit_grade"),
    )  # fmt: skip
    office.store.write(lambda unit: [unit.connection.execute(one) for one in forget])
    migration = import_module("backend.migrations.versions.0016_graded_late")
    office.store.write(lambda unit: migration.judge_unjudged(unit.connection))
    office.store.catch_up()
    assert [office.grade(id) for id in ids] == before
    assert len(office.waiting()) == 3
    office.store.write(lambda unit: migration.judge_unjudged(unit.connection))
    assert not office.store.follow_up()
