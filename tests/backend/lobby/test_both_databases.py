"""What SQL does for the lobby, it does on PostgreSQL as on SQLite."""

import pytest
from sqlalchemy import select

from backend.domain.handoffs.tables import line_hour
from sync.puts import Put
from tests.backend.lobby.test_doors import DAY, day, line, open_counter


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


def test_a_morning_is_noted_paced_counted_and_kept(house, tablet, supervisor, live_a_morning, clock, keep, machine):
    open_counter(house)
    ids = live_a_morning(3)
    form = {"branch_id": "3501", "template_id": ids[0], "state": "accepted", "ticket_id": ids[0]}
    house.engine.put_records([Put(kind="form", id=ids[1], body=form)], "test")
    machine.ask("issue", series="A")
    assert keep() == (1, 1)
    assert line(tablet)["waiting"] == 1
    total = day(tablet)["total"]
    assert (total["issued"], total["services"], total["prefilled"], total["saved_min"]) == (4, 3, 1, 5)
    clock.advance(days=1)
    assert keep() == (0, 1)
    hours = house.store.read(lambda look: look.connection.execute(select(line_hour)).all())
    assert (sum(row.issued for row in hours), sum(row.services for row in hours)) == (4, 3)
    clock.advance(days=4)
    kept = day(supervisor, "35", by="person", date=DAY)
    assert (kept["branches"], kept["total"]["issued"], kept["total"]["unserved"]) == (1, 4, 0)
