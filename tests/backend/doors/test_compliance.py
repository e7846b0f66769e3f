"""The month report opens down to the visit, in the caller's area only; rules and exemptions need the right hands."""

import csv
import io
import shutil
import zipfile
from datetime import UTC, date, datetime, time
from pathlib import Path

import msgspec
import pytest

from backend.app import create_app
from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from backend.domain.compliance.jobs.closing import Parts, close_month_final, close_month_provisional, refresh_duties
from backend.domain.compliance.jobs.reacting import take_visits
from backend.domain.compliance.queries import facts
from backend.domain.compliance.rules.facts import VisitFact
from backend.domain.handoffs.duty import SOURCES
from backend.domain.staff.queries import add_portfolio, assign_bucket
from sync.moments import write_moment
from sync.puts import Put, put_records
from tests.backend.doors.tablets import new_id
from tests.support.sheets import read_xlsx

MONTH = "2026-11"
RULE = {"code": "monthly", "org_id": "35", "valid_from_month": "2026-11", "threshold_fen": 50_000_000, "min_visits": 1}


def noon(day: int, month: int = 11) -> datetime:
    return datetime.combine(date(2026, month, day), time(4), UTC)


@pytest.fixture
def app(settings, empty_database):
    """A server whose clock stands where the test puts it."""
    folder = Path(settings.data_dir)
    folder.mkdir()
    shutil.copy(empty_database, folder / "padsync.db")
    now = {"at": noon(20)}
    app = create_app(settings, clock=lambda: now["at"])
    app.state.now = now
    return app


@pytest.fixture
def bank(app, staffing):
    return Bank(app, staffing)


class Bank:
    """Bank 35 with field managers fa (3501) and fb (3502), whose customers came through the CRM's door."""

    def __init__(self, app, staffing):
        self.app, self.house, self.staffing = app, app.state.house, staffing
        self.store, self.engine = self.house.store, self.house.engine
        self.parts = Parts(self.store, self.engine.kinds, SOURCES)
        for who, org_id, roles in (
            ("fa", "3501", ["field_manager"]), ("fb", "3502", ["field_manager"]), ("head", "35", ["supervisor"]),
            ("second", "35", ["supervisor"]), ("branch", "3502", ["supervisor"]), ("admin", "FJ", ["administrator"]),
            ("audit", "36", ["auditor"]),
        ):  # fmt: skip
            staffing.hire(who, org_id, *roles)
        self.store.write(self._hand_out)
        self.tablets = {}
        self.products = {family: new_id() for family in ("loan", "deposit")}
        for name, id in self.products.items():
            body = {"code": name, "name": name, "family": name}
            self.engine.put_records([Put(kind="product", id=id, body=body)], "test")
        self.events = 0

    def _hand_out(self, unit):
        for who, org_id in (("fa", "3501"), ("fb", "3502")):
            add_portfolio(unit.connection, f"p-{who}", org_id)
            assign_bucket(unit.connection, who, f"portfolio:p-{who}", "2025-01-01T00:00:00.000Z")

    def ask(self, who, method, path, **body):
        if who not in self.tablets:
            orgs = {"fa": "3501", "fb": "3502", "branch": "3502", "admin": "FJ", "audit": "36"}
            self.tablets[who] = self.staffing.tablet(who, orgs.get(who, "35"))
        call = getattr(self.tablets[who], method)
        return call(f"/compliance{path}", body) if method == "post" else call(f"/compliance{path}")

    def get(self, who, path):
        answer = self.ask(who, "get", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tell(self, kind, id, body, revision=1):
        self.events += 1
        event = CrmEvent(
            source="core", event_id=f"e{self.events}", kind=kind, id=id, revision=revision, body=body,
            at=write_moment(noon(1)),
        )  # fmt: skip
        apply_events(self.engine, self.store, [event])

    def borrower(self, who, fen=60_000_000):
        customer, org_id = new_id(), {"fa": "3501", "fb": "3502"}[who]
        body = {"customer_no": "12345678901", "name": "林小燕", "host_org": org_id, "host_portfolio": f"p-{who}"}
        self.tell("customer", customer, body)
        held = {"customer_id": customer, "org_id": org_id, "opened_on": "2025-03-01"}
        self.tell("holding", new_id(), held | {"product_id": self.products["loan"], "balance_fen": fen})
        self.tell("holding", new_id(), held | {"product_id": self.products["deposit"], "balance_fen": 10**9})
        return customer

    def visited(self, customer, who="fa", day=10, now=None):
        fact = VisitFact(
            visit_id=new_id(), customer_id=customer, visitor=who, type="on_site", day=date(2026, 11, day),
            t_est=write_moment(noon(day)), grade="A", review="counted", content_chars=30, has_coordinate=True,
        )  # fmt: skip
        at = write_moment(now or noon(day))

        def take(unit):
            put_records(
                unit, self.engine.kinds, take_visits(unit.connection, SOURCES, [fact], (now or noon(day)).date(), at),
                by="duty", at=at,
            )  # fmt: skip

        self.store.write(take)
        return fact.visit_id

    def close(self):
        for now in (noon(1, 12), noon(4, 12)):
            self.app.state.now["at"] = now
            self.tablets.clear()
            close_month_provisional(self.parts, now)
            close_month_final(self.parts, now)


@pytest.fixture
def month(bank):
    """A rule, two borrowers of fa, one of them visited, one of fb, and one who owes too little."""
    assert bank.ask("admin", "post", "/rules", **RULE).status_code == 201
    bank.first, bank.other, bank.far = bank.borrower("fa"), bank.borrower("fa"), bank.borrower("fb")
    bank.borrower("fb", fen=50_000_000)
    bank.visit = bank.visited(bank.first)
    refresh_duties(bank.parts, noon(11))
    return bank


def test_what_the_crm_says_makes_duties_and_their_records(month):
    items = month.get("head", f"/months/{MONTH}/obligations")["items"]
    assert {(one["customer_id"], one["counted"]) for one in items} == {
        (month.first, 1),
        (month.other, 0),
        (month.far, 0),
    }
    rows = month.store.read(lambda look: look.rows("portfolio:p-fa", 0, 100))
    assert (
        sorted(row.kind for row in rows if row.x is None) == ["customer", "customer", "duty", "duty"] + ["holding"] * 4
    )


def test_a_visit_that_a_tablet_hands_in_counts_at_once(month):
    place = {"label": "shop", "lat": 26.0745, "lon": 119.2965, "radius_m": 300}
    body = {"customer_no": "12345678901", "name": "林小燕", "host_org": "3501", "host_portfolio": "p-fa"}
    month.tell("customer", month.other, body | {"places": [place]}, revision=2)
    month.ask("fa", "get", "/months")
    tablet, wall = month.tablets["fa"], "2026-11-20T09:00:00.000+08:00"
    came, went = (
        {"lat": 26.07451 + n / 10**5, "lon": 119.29652, "accuracy_m": 8.5, "fix_wall_time": wall} for n in (0, 2)
    )  # fmt: skip
    said = {
        "customer_id": month.other, "purpose": "贷后检查", "content": "到店查看，货架充足，生意平稳，按期还款。",
        "started_at": wall, "ended_at": "2026-11-20T09:20:00.000+08:00", "check_in": [came],
        "check_out": [went], "prev": "",
    }  # fmt: skip
    made_at = {"wall": "2026-11-20T09:21:00.000+08:00", "boot": "b", "mono_ms": 1}
    tablet.push(tablet.signed(tablet.mutation("visit", "append", set=said, made_at=made_at)))
    month.house.store.catch_up()
    (duty,) = month.get("head", f"/months/{MONTH}/obligations?customer={month.other}")["items"]
    assert [(one["verdict"], one["day"]) for one in duty["visits"]] == [("counted", "2026-11-20")]
    assert duty["status"] == "done"


def test_every_number_opens_to_its_visits_rule_and_calendar(month):
    report = month.get("head", f"/months/{MONTH}/report")
    assert [(row["owner"], row["required"], row["fulfilled"], row["rate"]) for row in report["items"]] == [
        ("fa", 2, 1, 0.5), ("fb", 1, 0, 0.0),
    ]  # fmt: skip
    assert report["total"][0]["duties"] == 3
    assert report["calendar"]["warning"]
    assert report["items"][0].keys() - report["definitions"].keys() == {"org_id", "org_name", "owner", "code"}
    (duty,) = month.get("head", f"/months/{MONTH}/obligations?owner=fa&status=done")["items"]
    assert duty["visits"] == [
        {"visit_id": month.visit, "visitor": "fa", "day": "2026-11-10", "verdict": "counted"}
    ]  # fmt: skip
    one = month.get("head", f"/obligations/{duty['customer_id']}/{duty['period']}/{duty['code']}")
    assert one["rule"]["threshold_fen"] == 50_000_000
    assert one["obligation"] == duty
    (loan,) = one["loans"]
    assert (loan["counts"], max(row["balance_fen"] for row in loan["balances"])) == (True, duty["measured_fen"])


def test_branches_and_banks_add_up(month):
    branches = month.get("head", f"/months/{MONTH}/report?level=branch")["items"]
    assert [(row["org_id"], row["duties"]) for row in branches] == [("3501", 2), ("3502", 1)]
    (bank,) = month.get("head", f"/months/{MONTH}/report?level=bank")["items"]
    assert (bank["org_id"], bank["org_name"], bank["required"], bank["done"]) == ("35", "甲农商行", 3, 1)
    first = month.get("head", f"/months/{MONTH}/report?limit=1")
    rest = month.get("head", f"/months/{MONTH}/report?limit=1&after={first['next']}")
    assert [page["items"][0]["owner"] for page in (first, rest)] == ["fa", "fb"]
    assert rest["next"] is None


def test_nobody_sees_beyond_their_area(month):
    assert [row["owner"] for row in month.get("branch", f"/months/{MONTH}/report")["items"]] == ["fb"]
    assert month.get("audit", f"/months/{MONTH}/report")["items"] == []
    assert month.get("audit", f"/months/{MONTH}/obligations")["items"] == []
    assert month.ask("branch", "get", f"/months/{MONTH}/report?org=3501").status_code == 404
    assert month.ask("branch", "get", f"/obligations/{month.first}/{MONTH}/monthly").status_code == 404
    assert month.ask("fa", "get", f"/months/{MONTH}/report").status_code == 403
    assert month.ask("head", "post", "/rules", **RULE).status_code == 403
    assert month.ask("head", "post", f"/months/{MONTH}/recalculation", name="x").status_code == 403


def test_files_say_the_same_with_their_definitions(month):
    answer = month.ask("head", "get", f"/months/{MONTH}/report.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["owner"], row["required"]) for row in rows[:3]] == [("fa", "2"), ("fb", "1"), ("", "3")]
    assert "完成率" in answer.text
    workbook = month.ask("head", "get", f"/months/{MONTH}/report.xlsx")
    with zipfile.ZipFile(io.BytesIO(workbook.content)) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 5
        assert month.far in book.read("xl/sharedStrings.xml").decode()


def test_a_workbook_tells_each_level_its_duties_and_what_they_mean(month):
    book = month.ask("head", "get", f"/months/{MONTH}/report.xlsx").content
    bank, branch, manager, duties, meanings = (read_xlsx(book, sheet=n) for n in range(1, 6))
    assert all("owner" not in str(heading) for heading in (*bank[0], *branch[0]))
    assert [row[0] for row in (bank[-1], branch[-1], manager[-1])] == ["合计 total"] * 3
    rate = manager[0].index("完成率\nrate")
    assert all(isinstance(row[rate], float) and 0 <= float(row[rate] or 0) <= 1 for row in manager[1:])
    assert {row[1] for row in duties[1:]} == {"fa", "fb"}
    words = {row[0] for row in meanings[1:]}
    assert {str(heading).rpartition("\n")[2] for heading in manager[0][4:]} <= words
    assert all(row[1] and row[2] and row[3] for row in meanings[3:])


def test_a_late_visit_is_a_revision_that_shows_before_and_after(month):
    month.close()
    month.visited(month.other, day=12, now=noon(9, 12))
    revisions = month.get("head", f"/months/{MONTH}/revisions")["items"]
    assert [one["cause"] for one in revisions] == ["provisional", "final", "late_visit"]
    (change,) = month.get("head", f"/months/{MONTH}/revisions/3/changes")["items"]
    assert (change["before"]["status"], change["after"]["status"]) == ("short", "done")
    assert month.get("branch", f"/months/{MONTH}/revisions/3/changes")["items"] == []
    by_revision = [month.get("head", f"/months/{MONTH}/report?revision={n}")["total"][0]["done"] for n in (2, 3, 0)]
    assert by_revision == [1, 2, 2]
    assert month.ask("head", "get", f"/months/{MONTH}/report?revision=9").status_code == 404


def test_an_exemption_takes_two_people_and_also_reaches_a_closed_month(month):
    month.close()
    asked = {"customer_id": month.far, "first_month": MONTH, "last_month": MONTH, "reason": "customer is in hospital"}
    assert month.ask("fa", "post", "/exemptions", **asked).status_code == 404
    made = month.ask("head", "post", "/exemptions", **asked).json()
    path = f"/exemptions/{made['exemption_id']}/decision"
    own = month.ask("head", "post", path, approve=True)
    assert (own.status_code, own.json()["code"]) == (403, "own_work")
    assert month.ask("second", "post", path, approve=True).json()["state"] == "approved"
    assert month.ask("branch", "post", path, approve=False).status_code == 409
    (duty,) = month.get("head", f"/months/{MONTH}/obligations?customer={month.far}")["items"]
    assert duty["status"] == "exempt"
    assert month.get("head", f"/months/{MONTH}/revisions")["items"][-1]["cause"] == "exemption"
    assert month.get("head", "/exemptions?state=approved")["items"][0]["applied_by"] == "head"
    mine = month.ask("fb", "post", "/exemptions", **asked)
    assert mine.status_code == 201


def test_a_recalculation_has_a_name_and_keeps_the_old_numbers(month):
    month.close()
    assert month.ask("admin", "post", "/rules", **RULE | {"min_visits": 3}).status_code == 201
    assert month.get("head", f"/months/{MONTH}/report")["total"][0]["required"] == 3
    made = month.ask("admin", "post", f"/months/{MONTH}/recalculation", name="decision 7 of the board")
    assert (made.status_code, made.json()["reason"]) == (200, "decision 7 of the board")
    report = month.get("head", f"/months/{MONTH}/report")
    assert (report["total"][0]["required"], report["revision"]) == (9, made.json()["revision"])
    assert month.get("head", f"/months/{MONTH}/report?revision=2")["total"][0]["required"] == 3
    assert month.ask("admin", "post", "/months/2026-12/recalculation", name="x").status_code == 404


def test_a_sample_can_be_drawn_again_and_says_what_it_finds(month):
    drawn = month.get("head", f"/months/{MONTH}/sample?seed=autumn")
    assert drawn == month.get("second", f"/months/{MONTH}/sample?seed=autumn")
    assert [one["visit_id"] for one in drawn["items"]] == [month.visit]
    assert (drawn["population"], drawn["size"], drawn["detection_power"]) == (1, 1, 1.0)
    assert month.get("branch", f"/months/{MONTH}/sample?seed=autumn")["population"] == 0
    mended = VisitFact(
        visit_id=new_id(), customer_id=drawn["items"][0]["customer_id"], visitor="fa", day=date(2026, 11, 10),
        t_est="2026-11-10T02:00:00.000Z", grade="A", review="counted", type="on_site", content_chars=40,
        has_coordinate=True,
    )  # fmt: skip
    corrected, doubted = (
        msgspec.structs.replace(mended, visit_id=id, review=review)
        for id, review in ((month.visit, "corrected"), (new_id(), "doubted"))
    )
    month.house.store.write(lambda unit: facts.note_visits(unit.connection, [mended, corrected, doubted]))
    again = month.get("head", f"/months/{MONTH}/sample?seed=autumn")
    assert [one["visit_id"] for one in again["items"]] == [mended.visit_id]


def test_a_year_without_a_notice_carries_a_warning(month):
    year = month.get("head", "/calendar/2027")
    assert (year["is_confirmed"], year["days"]) == (False, [])
    assert year["warning"]


def test_a_portfolio_that_is_handed_over_takes_its_duties_along_at_once(month):
    def owners():
        items = month.get("head", f"/months/{MONTH}/obligations")["items"]
        return {one["customer_id"]: {share["owner"] for share in one["shares"]} for one in items}

    assert owners()[month.other] == {"fa"}
    month.app.state.now["at"] = noon(12)
    month.tablets.clear()
    admin = month.staffing.tablet("admin", "FJ")
    path = "/api/v1/admin/portfolios/p-fa/staff"
    assert admin.client.put(path, headers=admin.headers, json={"staff_no": "fb"}).status_code == 204
    assert admin.client.delete(f"{path}/fa", headers=admin.headers).status_code == 204
    assert owners()[month.other] == {"fa", "fb"}
    assert owners()[month.far] == {"fb"}
    moved = refresh_duties(month.parts, noon(12))
    assert (moved, owners()[month.other]) == (4, {"fa", "fb"})
