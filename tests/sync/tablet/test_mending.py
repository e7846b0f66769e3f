"""Backups on either side, damage and doubt: the two ends find each other again, and lose nothing."""

from tests.sync.tablet.town import BRANCH, DAY, assert_agrees, form


def test_a_damaged_replica_is_found_mended_and_reported(town, chen):
    customers = [town.put_customer("p1") for _ in range(250)]
    tablet = town.tablet(chen)
    tablet.sync()
    database = tablet._parts.database
    database.execute("UPDATE record SET version = 7 WHERE id = ?", (customers[0],))
    database.execute("DELETE FROM record WHERE id = ?", (customers[1],))
    database.execute("DELETE FROM membership WHERE id = ?", (customers[1],))
    database.execute("UPDATE membership SET id = ? WHERE id = ?", (town.new_id(), customers[2]))
    tablet.recount()
    report = tablet.sync()
    assert report.mended >= 3
    assert_agrees(town, tablet, chen)
    assert [incident.bucket for incident in tablet.incidents()] == ["portfolio:p1"]


def test_a_server_restored_from_a_backup_is_healed_from_the_journal(town, wang):
    tablet = town.tablet(wang)
    tablet.serve_line(BRANCH, "A", DAY, want=10)
    tablet.create("form", form(name="before"))
    tablet.sync()
    backup = town.store.backup()
    made = tablet.create("form", form(name="after"))
    tablet.patch("form", made.id, {"phone": "1"})
    tickets = [tablet.issue_ticket(BRANCH, "A", DAY) for _ in range(8)]
    tablet.sync()
    more = tablet.issue_ticket(BRANCH, "A", DAY)
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet.sync()
    assert tablet.view("form", made.id).body["phone"] == "1"
    assert tablet.unsent_count() == 0
    assert {outcome.status for outcome in tablet.outcomes().values()} == {"applied"}
    assert all(tablet.view("ticket", it.id).body.get("flags", []) == [] for it in [*tickets, more])
    assert_agrees(town, tablet, wang)


def test_a_restored_server_is_healed_although_nobody_typed_anything(town, wang):
    tablet = town.tablet(wang)
    backup = town.store.backup()
    tablet.create("form", form(name="after"))
    tablet.sync()
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet.sync()
    assert [seen.version for seen in tablet.find("form")] == [1]
    assert_agrees(town, tablet, wang)


def test_leases_that_a_backup_forgot_are_shown_before_their_tickets_come(town, wang):
    tablet = town.tablet(wang)
    backup = town.store.backup()
    tablet.serve_line(BRANCH, "A", DAY, want=2)
    tablet.sync()
    tablet.issue_ticket(BRANCH, "A", DAY)
    tablet.end_day(DAY)
    tablet.sync()
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet = town.reopen(tablet.install_id, wang, tablet.snapshot())
    tablet.sync()
    assert [outcome.flags for outcome in tablet.outcomes().values()] == [[]]
    assert [line.unused for line in town.engine.account_numbers(BRANCH, DAY).lines] == [[2, 101]]


def test_a_record_that_only_this_tablet_has_is_mended_away(town, chen):
    for n in range(150):
        town.put_customer("p1", f"0197{n:04x}-0000-7000-8000-000000000000")
    tablet = town.tablet(chen)
    tablet.sync()
    only_here = "f0000000-0000-7000-8000-000000000000"
    database = tablet._parts.database
    database.execute("INSERT INTO record VALUES ('customer', ?, 1, '{}')", (only_here,))
    database.execute("INSERT INTO membership VALUES ('customer', ?, 'portfolio:p1')", (only_here,))
    tablet.recount()
    assert tablet.sync().mended == 1
    assert tablet.view("customer", only_here) is None


def test_a_tablet_brought_back_to_an_older_state_goes_on_after_its_old_numbers(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="one"))
    snapshot = tablet.snapshot()
    tablet.create("form", form(name="two"))
    tablet.sync()
    older = town.reopen(tablet.install_id, wang, snapshot)
    older.create("form", form(name="three"))
    older.sync()
    assert older.create("form", form(name="four")).n == 4
    older.sync()
    assert sorted(seen.body["name"] for seen in older.find("form")) == ["four", "one", "three", "two"]
    assert {outcome.status for outcome in older.outcomes().values()} == {"applied"}
    assert_agrees(town, older, wang)


def test_both_ends_set_back_still_find_each_other(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="one"))
    tablet.sync()
    snapshot, backup = tablet.snapshot(), town.store.backup()
    for name in ("two", "three"):
        tablet.create("form", form(name=name))
    tablet.sync()
    older = town.reopen(tablet.install_id, wang, snapshot)
    older.sync()
    older.create("form", form(name="four"))
    town.store.restore(backup, town.new_id(), number_gap=100)
    older.sync()
    assert sorted(seen.body["name"] for seen in older.find("form")) == ["four", "one"]
    assert older.unsent_count() == 0
    assert_agrees(town, older, wang)
    assert [incident.bucket for incident in older.incidents()] == ["journal"]
