"""The lobby online: the line, the day, who may see them, and files that say the same."""

from datetime import datetime

import msgspec
import pytest
from sqlalchemy import select

from backend.domain.handoffs.paces import pace_key
from backend.domain.handoffs.tables import line_hour, lobby_day
from backend.domain.tickets.rules.line import place_of
from backend.domain.tickets.rules.live import line_of
from backend.domain.tickets.rules.meaning import MEANINGS
from contracts.kinds import Counter, Pace
from contracts.kinds.counter import counter_id
from sync.moments import write_moment
from sync.puts import Put
from tests.support.sheets import read_csv, read_looks, read_xlsx

DAY = "2026-11-21"


def line(tablet, branch="3501"):
    answer = tablet.get(f"/lobby/line/{branch}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def day(tablet, org="3501", date=DAY, **query):
    answer = tablet.get(f"/lobby/day/{org}/{date}?" + "&".join(f"{name}={value}" for name, value in query.items()))
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(house, table):
    return house.store.read(lambda look: [dict(row) for row in look.connection.execute(select(table)).mappings()])


def open_counter(house, number="1", branch="3501", **fields):
    body = {"branch_id": branch, "counter_no": number, "state": "open", "series": ["A"], **fields}
    house.engine.put_records([Put(kind="counter", id=counter_id(branch, number), body=body)], "test")


def test_the_line_online_is_the_line_in_the_branch(machine, clock, house, tablet):
    open_counter(house)
    ids = [machine.ask("issue", series="A")["ticket_id"] for _ in range(3)]
    machine.ask("call", ticket_id=ids[0], counter="1")
    clock.advance(minutes=4)
    told = line(tablet)
    assert (told["branch_id"], told["is_live"], told["waiting"]) == ("3501", True, 2)
    assert [(one["id"], one["display"], one["ahead"]) for one in told["tickets"]] == [
        (ids[1], "A002", 0), (ids[2], "A003", 1),
    ]  # fmt: skip
    (series,) = told["series"]
    assert (series["series"], series["waiting"], series["longest_wait_s"]) == ("A", 2, 240)
    assert series["text"] == "约 7–38 分钟"
    assert [(one["counter_no"], one["ticket_id"], one["display"]) for one in told["counters"]] == [
        ("1", ids[0], "A001")
    ]  # fmt: skip


def test_a_machine_tells_the_wait_and_the_day_says_how_often_that_was_right(machine, clock, house, tablet, body):
    open_counter(house)
    told = [machine.ask("issue", series="A") for _ in range(3)]
    assert [(one["wait_lo_min"], one["wait_hi_min"]) for one in told] == [(0, 0), (0, 16), (3, 28)]
    assert body("ticket", told[2]["ticket_id"])["shown_hi_min"] == 28
    for one, minutes in zip(told, (0.5, 8, 40), strict=True):
        clock.advance(minutes=minutes)
        machine.ask("call", ticket_id=one["ticket_id"], counter="1")
    assert (day(tablet)["total"]["told"], day(tablet)["total"]["coverage"]) == (3, 0.6667)


def test_a_tablet_counts_from_its_replica_what_the_server_counts(machine, clock, house, tablet, keep, live_a_morning):
    open_counter(house)
    live_a_morning(2)
    ids = [machine.ask("issue", series=series)["ticket_id"] for series in "AVAAP"]
    machine.ask("call", ticket_id=ids[0], counter="1")
    keep()
    page = tablet.pull()
    held = {(change["k"], change["id"]): change["d"] for change in page["changes"] if change["d"]}
    places = [place_of(id, body) for (kind, id), body in held.items() if kind == "ticket"]
    counters = [msgspec.convert(body, Counter) for (kind, _), body in held.items() if kind == "counter"]
    (pace,) = [msgspec.convert(body, Pace) for (kind, _), body in held.items() if kind == "pace"]
    counted = msgspec.to_builtins(line_of(places, counters, pace, write_moment(clock())))
    assert counted | {"branch_id": "3501", "staffing": line(tablet)["staffing"]} == line(tablet)


def test_where_more_come_than_are_served_the_queue_grows(house, tablet, live_a_morning, machine, keep):
    open_counter(house)
    live_a_morning(3)
    for _ in range(20):
        machine.ask("issue", series="A")
    keep()
    (staffing,) = line(tablet)["staffing"]
    assert (staffing["counters"], staffing["is_growing"], staffing["wait_mean_s"]) == (1, True, None)
    assert staffing["counters_needed"] > 1


def test_a_day_is_counted_for_a_branch_and_above_it(house, tablet, supervisor, live_a_morning, make_machine):
    live_a_morning(3)
    live_a_morning(2, source=make_machine("3502"))
    own, other, whole = day(tablet), day(supervisor, "3502"), day(supervisor, "35", by="branch")
    assert (own["total"]["issued"], own["total"]["finished"], own["total"]["wait_mean_s"]) == (3, 3, 660)
    assert (whole["branches"], whole["total"]["issued"]) == (2, 5)
    assert [row["key"] for row in whole["rows"]] == ["3501", "3502"]
    assert whole["rows"][1] == other["total"] | {"key": "3502"}
    assert whole["total"]["wait_mean_s"] == pytest.approx((3 * 660 + 2 * other["total"]["wait_mean_s"]) / 5)
    counters = day(supervisor, "35", by="counter")["rows"]
    assert [row["key"] for row in counters] == ["3501/1", "3502/1"]


@pytest.mark.parametrize(
    ("staff", "org", "role", "seen"),
    [
        ("l2", "3502", "lobby_manager", {"3502"}),
        ("f1", "3501", "field_manager", set()),
        ("s1", "3501", "supervisor", {"3501"}),
        ("s2", "36", "supervisor", {"36", "3601"}),
        ("a1", "FJ", "auditor", {"FJ", "35", "36", "3501", "3502", "3601"}),
    ],
)
def test_everybody_sees_their_own_area_only(staffing, machine, staff, org, role, seen):
    machine.ask("issue", series="A")
    staffing.hire(staff, org, role)
    asker = staffing.tablet(staff)
    for place in ("FJ", "35", "36", "3501", "3502", "3601", "9999"):
        for path in (f"/lobby/line/{place}", f"/lobby/day/{place}/{DAY}", f"/lobby/day/{place}/{DAY}?format=csv"):
            assert asker.get(path).status_code == (200 if place in seen else 404), path


def test_nobody_sees_anything_without_a_token(client):
    assert client.get("/api/v1/lobby/line/3501").status_code == 401
    assert client.get(f"/api/v1/lobby/day/3501/{DAY}").status_code == 401


@pytest.mark.parametrize("path", ["/2026-13-41", "/today", f"/{DAY}?by=moon", f"/{DAY}?format=doc"])
def test_what_no_calendar_or_table_has_is_refused(tablet, path):
    assert tablet.get(f"/lobby/day/3501{path}").status_code in (400, 404)


@pytest.mark.parametrize("by", ["hour", "series", "counter", "person", "branch"])
def test_exports_say_what_the_answer_says(tablet, live_a_morning, machine, by):
    live_a_morning(2)
    machine.ask("issue", series="A")
    told = day(tablet, by=by)
    as_csv, as_xlsx = (tablet.get(f"/lobby/day/3501/{DAY}?by={by}&format={form}") for form in ("csv", "xlsx"))
    assert as_csv.headers["content-disposition"] == f'attachment; filename="lobby-3501-{DAY}-{by}.csv"'
    cells, written = read_csv(as_csv.content), read_xlsx(as_xlsx.content)
    assert cells[0] == [cells[0][0], *(title for _, title, _ in MEANINGS)]
    assert written[0] == [f"{cells[0][0]}\n{by}", *(f"{title}\n{key}" for key, title, _ in MEANINGS)]
    for place, figures in enumerate([*told["rows"], told["total"]], start=1):
        for column, (key, _, _) in enumerate(MEANINGS, start=1):
            value = figures.get(key)
            assert cells[place][column] == ("" if value is None else str(value)), key
            assert (written[place][column] if column < len(written[place]) else None) == value, key
    assert (cells[-1][0], written[-1][0]) == ("合计", "合计 total")


def test_a_days_workbook_is_ready_to_be_read(tablet, live_a_morning):
    live_a_morning(2)
    book = tablet.get(f"/lobby/day/3501/{DAY}?by=hour&format=xlsx").content
    frozen, looks = read_looks(book)
    shares = [key for (key, _, _), look in zip(MEANINGS, looks[1:], strict=True) if look == "0.0%"]
    assert shares == ["service_level", "abandonment", "occupancy", "recall_rate", "prefill_rate", "coverage"]
    assert (frozen, read_looks(book, sheet=6)[0], read_xlsx(book)[1][0]) == ("B2", "A2", "09:00")
    meanings = read_xlsx(book, sheet=6)
    cuts = [read_xlsx(book, sheet=sheet) for sheet in range(1, 6)]
    assert [str(rows[0][0]).split("\n")[1] for rows in cuts] == ["hour", "series", "counter", "person", "branch"]
    assert [rows[-1] for rows in cuts] == [cuts[0][-1]] * 5
    abandonment = next(row for row in meanings if row[0] == "abandonment")
    assert abandonment == [
        "abandonment", "放弃率", "(离开 + 过号未返回 + 取消)÷ 取号数", "(left + no-shows + cancelled) / issued"
    ]  # fmt: skip
    assert ["business_date", "营业日", DAY] in meanings


def test_a_days_sums_outlive_its_tickets(house, supervisor, live_a_morning, clock, keep):
    ids = live_a_morning(3)
    before = day(supervisor, by="hour")
    keep()
    clock.advance(days=1)
    assert keep()[1] == 1
    assert keep()[1] == 0
    clock.advance(days=10)
    house.engine.put_records([Put(kind="ticket", id=id, body=None) for id in ids], "test")
    after = day(supervisor, by="hour")
    assert (after["total"], after["rows"]) == (before["total"], before["rows"])
    assert day(supervisor, "35", by="branch")["total"] == before["total"]


def test_an_area_with_too_many_tickets_is_added_up_from_what_is_kept(
    monkeypatch, house, supervisor, live_a_morning, keep
):
    monkeypatch.setattr("backend.sync_api.lobby_desk.COUNTED_NOW_MAX", 2)
    live_a_morning(3)
    keep()
    kept_at = day(supervisor, "35")["as_of"]
    live_a_morning(1)
    told = day(supervisor, "35")
    assert (told["total"]["issued"], told["as_of"]) == (3, kept_at)


def test_the_sums_of_an_hour_follow_the_tickets_and_are_counted_again_at_the_days_end(
    house, live_a_morning, clock, keep
):
    live_a_morning(3)
    live = rows(house, line_hour)
    assert sum(row["issued"] for row in live) == sum(row["services"] for row in live) == 3
    assert sum(row["services_s"] for row in live) == 3 * 7 * 60
    clock.advance(days=1)
    keep()
    assert rows(house, line_hour) == live
    assert len(rows(house, lobby_day)) == 1


def test_tablets_hear_of_a_pace_and_of_no_trifle(house, tablet, live_a_morning, keep, body, clock, machine):
    tablet.caught_up()
    live_a_morning(3)
    assert keep()[0] == 1
    first = body("pace", pace_key("3501").id)
    (series,) = first["series"]
    assert (series["series"], series["service_mean_s"], series["sample"]) == ("A", 420, 3)
    clock.advance(seconds=30)
    machine.ask("issue", series="A")
    assert keep()[0] == 0
    live_a_morning(12)
    assert keep()[0] == 1
    pulled = [change for change in tablet.pull()["changes"] if change["k"] == "pace"]
    assert len(pulled) == 1


def test_the_same_hour_of_the_last_weeks_sets_the_pace(house, live_a_morning, clock, keep, body, machine):
    for _ in range(3):
        live_a_morning(2)
        now: datetime = clock()
        keep()
        clock.advance(days=7, seconds=-(now - now.replace(hour=1, minute=30)).total_seconds())
    machine.ask("issue", series="A")
    keep()
    (series,) = body("pace", pace_key("3501").id)["series"]
    assert series["sample"] == 6
