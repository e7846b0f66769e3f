"""Reviews, maps and scores over HTTP: each role in its own area, and a reference tablet that appeals without a line."""

from datetime import UTC, date, datetime
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from backend.app import create_app
from backend.auth.enrolment import make_enrolment_code
from backend.auth.staffing import assign_portfolio
from backend.domain.compliance.jobs.closing import Parts, refresh_duties
from backend.domain.compliance.queries import facts, setup
from backend.domain.compliance.queries.facts import LoanFact
from backend.domain.compliance.queries.setup import KeptRule
from backend.domain.compliance.rules.versions import RuleVersion
from backend.domain.handoffs.duty import SOURCES
from backend.domain.staff.queries import add_portfolio
from sync.puts import Put
from sync.tablet.clock import SystemClock
from sync.tablet.database import create_database
from sync.tablet.http import HttpLine
from sync.tablet.http_transport import HttpTransport
from sync.tablet.ids import uuid7
from sync.tablet.patience import Patience
from sync.tablet.sign_in import App, DatabaseTokens, enrol, sign_in
from sync.tablet.tablet import Surroundings, Tablet
from tests.backend.auth.people import PASSWORD
from tests.backend.doors.tablets import new_id
from tests.support.sheets import read_csv, read_xlsx

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
MONTH = "2026-11"
SHOP = {"label": "shop", "lat": 26.0745, "lon": 119.2965, "radius_m": 300, "captured": "gps", "accuracy_m": 10}
PEOPLE = (
    ("fa", "3501", "field_manager"), ("head", "35", "supervisor"), ("second", "35", "supervisor"),
    ("near", "3501", "supervisor"), ("far", "3502", "supervisor"), ("eye", "35", "auditor"),
    ("admin", "FJ", "administrator"),
)  # fmt: skip


@pytest.fixture
def app(settings):
    """A server on a Friday at noon."""
    return create_app(settings, clock=lambda: NOON)


class Bank:
    """Bank 35 with one field manager, whose customer owes enough to be visited twice a month."""

    def __init__(self, app, staffing):
        self.app, self.staffing, self.tablets, self.prev = app, staffing, {}, ""
        self.store, self.engine = app.state.house.store, app.state.house.engine
        for who, org_id, role in PEOPLE:
            staffing.hire(who, org_id, role)
        self.store.write(self._prepare)
        self.customer = new_id()
        body = {"customer_no": "12345678901", "name": "林小燕", "host_org": "3501", "host_portfolio": "p-fa",
                "crm_revision": 1, "as_of": "2026-11-01T00:00:00.000Z", "places": [SHOP]}  # fmt: skip
        self.engine.put_records([Put(kind="customer", id=self.customer, body=body)], "crm")
        fact = LoanFact(
            loan_id="l1", customer_id=self.customer, org_id="3501", opened_on=date(2025, 5, 1),
            day=date(2026, 10, 1), balance_fen=100,
        )  # fmt: skip
        self.store.write(lambda unit: facts.note_loans(unit.connection, [fact]))
        refresh_duties(Parts(self.store, self.engine.kinds, SOURCES), NOON)

    def _prepare(self, unit):
        add_portfolio(unit.connection, "p-fa", "3501")
        assign_portfolio(unit, "fa", "p-fa", "2026-01-01T00:00:00.000Z")
        rule = RuleVersion(
            rule_id="r1", code="monthly", org_id="35", valid_from_month=MONTH, threshold_fen=1, min_visits=2
        )  # fmt: skip
        setup.add_rule(unit.connection, KeptRule(rule=rule, note="", added_by="a", added_at=""))

    def tablet(self, who):
        if who not in self.tablets:
            self.tablets[who] = self.staffing.tablet(who, {name: org_id for name, org_id, _ in PEOPLE}[who])
        return self.tablets[who]

    def get(self, who, path):
        answer = self.tablet(who).get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def visit(self, day=20, north=0.0, **told):
        """Log a visit by the tablet of fa; its check-in lies `north` degrees from the shop."""
        wall = f"2026-11-{day:02d}T09:00:00.000+08:00"
        fixes = [
            {"lat": SHOP["lat"] + north + n / 10**5, "lon": SHOP["lon"], "accuracy_m": 8.5, "fix_wall_time": wall}
            for n in (day, day + 40)
        ]
        said = {
            "customer_id": self.customer, "purpose": "贷后检查", "content": f"十一月{day}日到店，货架充足，生意平稳。",
            "people_met": ["陈大文"], "started_at": wall, "ended_at": f"2026-11-{day:02d}T09:20:00.000+08:00",
            "check_in": fixes[:1], "check_out": fixes[1:], "prev": self.prev, **told,
        }  # fmt: skip
        made_at = {"wall": f"2026-11-{day:02d}T09:21:00.000+08:00", "boot": "b", "mono_ms": day}
        tablet = self.tablet("fa")
        mutation = tablet.signed(tablet.mutation("visit", "append", set=said, made_at=made_at))
        assert tablet.push(mutation).outcomes[0].status == "applied"
        self.store.catch_up()
        self.prev = self.visits()[mutation["id"]]["hash"]
        return mutation["id"]

    def visits(self):
        rows = self.store.read(lambda look: look.rows("visits:fa", 0, 100))
        return {row.id: self.engine.kinds["visit"].read(row.body) for row in rows if row.kind == "visit"}

    def decide(self, who, id, decision, version=1, reason="请说明"):
        body = {"decision": decision, "reason": reason, "version": version}
        return self.tablet(who).post(f"/visits/reviews/{id}/decisions", body)


@pytest.fixture
def bank(app, staffing):
    return Bank(app, staffing)


def test_each_role_sees_and_decides_in_its_own_area_alone(bank):
    odd = bank.visit(north=0.02)
    for who, listed, shown, decided in (
        ("fa", 403, 403, 403), ("admin", 403, 403, 403), ("eye", 200, 200, 403), ("far", 200, 404, 404),
        ("near", 200, 200, 200),
    ):  # fmt: skip
        assert bank.tablet(who).get("/visits/reviews").status_code == listed, who
        assert bank.tablet(who).get(f"/visits/reviews/{odd}").status_code == shown, who
        assert bank.decide(who, odd, "ask").status_code == decided, who
        assert bank.tablet(who).get(f"/visits/map?month={MONTH}").status_code == listed, who
        scored = 200 if who == "fa" else listed  # the own one
        assert bank.tablet(who).get(f"/compliance/months/{MONTH}/scores").status_code == scored, who
    assert bank.get("far", "/visits/reviews")["items"] == []
    assert bank.get("far", f"/visits/map?month={MONTH}")["features"] == []
    assert bank.tablet("far").get("/visits/reviews?org=3501").status_code == 404
    assert bank.tablet("near").get("/visits/reviews?after=zz").status_code == 400
    assert [item["visit_id"] for item in bank.get("head", "/visits/reviews?org=3501")["items"]] == [odd]


def test_a_decision_reaches_the_tablet_and_a_second_one_is_refused(bank):
    odd = bank.visit(north=0.02)
    (item,) = bank.get("head", "/visits/reviews?grade=D&person=fa")["items"]
    assert (item["verdict"], item["deeds"], item["customer_name"]) == ("OUTSIDE", ["accept", "reject", "ask"], "林*燕")
    record = bank.get("head", f"/visits/reviews/{odd}")
    assert record["people_met"] == ["陈*文"]
    assert record["fixes"][0]["distance_m"] > 2000
    assert [(duty["verdict"], duty["status"]) for duty in record["duties"]] == [("pending", "on_track")]
    assert bank.tablet("head").get(record["duties"][0]["path"].removeprefix("/api/v1")).status_code == 200
    assert bank.decide("head", odd, "reject", reason="").json()["code"] == "malformed"
    assert bank.decide("head", odd, "accept").json()["review_state"] == "accepted"
    assert bank.decide("head", odd, "accept").status_code == 200
    late = bank.decide("second", odd, "reject")
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    pulled = {change["k"]: change["d"] for change in bank.tablet("fa").pull()["changes"] if change["id"] == odd}
    assert (pulled["visit_grade"]["review_state"], pulled["visit_grade"]["steps"][0]["by"]) == ("accepted", "head")
    assert ("review_visit", "accept") in bank.staffing.audited("org:3501")


def check_geo_json(collection):
    """What RFC 7946 asks of a collection of points, and that they lie in China the right way round."""
    assert collection["type"] == "FeatureCollection"
    assert len({feature["id"] for feature in collection["features"]}) == len(collection["features"])
    for feature in collection["features"]:
        assert feature.keys() >= {"type", "geometry", "properties"}
        assert feature["type"] == "Feature"
        if feature["geometry"] is not None:
            lon, lat = feature["geometry"]["coordinates"]
            assert feature["geometry"]["type"] == "Point"
            assert 73 < lon < 136
            assert 3 < lat < 54


def test_a_map_is_geojson_of_visits_and_places(bank):
    inside, odd, nowhere = bank.visit(16), bank.visit(17, north=0.02), bank.visit(18, check_in=[], check_out=[])
    answer = bank.tablet("head").get(f"/visits/map?month={MONTH}")
    assert answer.headers["content-type"].startswith("application/geo+json")
    collection = answer.json()
    check_geo_json(collection)
    told = {feature["id"]: feature for feature in collection["features"]}
    assert told.keys() == {f"visit:{inside}", f"visit:{odd}", f"visit:{nowhere}", f"place:{bank.customer}:1"}
    assert told[f"visit:{nowhere}"]["geometry"] is None
    seen = told[f"visit:{odd}"]["properties"]
    assert (seen["grade"], seen["person"], seen["day"], seen["accuracy_m"]) == ("D", "fa", "2026-11-17", 8.5)
    place = told[f"place:{bank.customer}:1"]["properties"]
    assert (place["radius_m"], place["captured"], place["customer_name"]) == (300, "gps", "林*燕")
    assert "林小燕" not in answer.text
    assert "3 visits of 2026-11, 1 of them without a position" in collection["note"]
    first = bank.get("head", f"/visits/map?month={MONTH}&limit=2&person=fa")
    rest = bank.get("head", f"/visits/map?month={MONTH}&limit=2&person=fa&after={first['next']}")
    ids = [one["id"] for page in (first, rest) for one in page["features"] if one["id"].startswith("visit:")]
    assert ids == [f"visit:{inside}", f"visit:{odd}", f"visit:{nowhere}"]
    assert ("More follow" in first["note"], rest["next"]) == (True, None)
    places = bank.get("near", "/visits/map/places")
    check_geo_json(places)
    assert [feature["id"] for feature in places["features"]] == [f"place:{bank.customer}:1"]
    assert bank.get("far", "/visits/map/places")["features"] == []


def test_a_score_is_what_its_components_say_and_each_opens(bank):
    bank.visit(16)
    odd, wrong = bank.visit(17, north=0.02), bank.visit(18, north=0.03)
    assert bank.decide("head", odd, "accept").status_code == 200
    assert bank.decide("head", wrong, "reject").status_code == 200
    report = bank.get("head", f"/compliance/months/{MONTH}/scores")
    (row,) = report["items"]
    parts = {part["name"]: part for part in row["components"]}
    assert (row["person"], row["visits"], row["accepted"], row["rejected"]) == ("fa", 3, 1, 1)
    assert (parts["duty_rate"]["numerator"], parts["duty_rate"]["denominator"]) == (2, 2)
    assert (parts["upheld"]["value"], parts["share_done"]["value"]) == (0.5, 1)
    assert row["score"] == pytest.approx(sum(part["points"] for part in parts.values()), abs=0.05)
    assert sum(part["points_max"] for part in parts.values()) == pytest.approx(100)
    for part in parts.values():
        assert bank.get("head", part["opens"].removeprefix("/api/v1"))["items"]
    assert report["definitions"].keys() >= {*parts, "score"}
    assert report["weights"]["duty_rate"] == 35
    for level in ("branch", "bank"):
        rolled = bank.get("head", f"/compliance/months/{MONTH}/scores?level={level}")
        assert [one["score"] for one in rolled["items"]] == [row["score"]] == [rolled["total"]["score"]]
    table = read_csv(bank.tablet("head").get(f"/compliance/months/{MONTH}/scores.csv").content)
    assert table[1][table[0].index("score")] == str(row["score"])
    assert any("综合得分" in "".join(line) for line in table)
    book = bank.tablet("head").get(f"/compliance/months/{MONTH}/scores.xlsx").content
    managers = read_xlsx(book, 3)
    assert managers[1][2:4] == ["fa", row["score"]]
    assert managers[0][3:6] == ["综合得分\nscore", "走访完成率\nduty_rate", "走访完成率·基数\nduty_rate_of"]
    assert managers[-1][0] == "合计 total"
    assert read_xlsx(book, 4)[1][0] == "month"


def test_a_field_manager_reads_the_own_score_and_nobody_elses(bank):
    bank.visit(16)
    path = f"/compliance/months/{MONTH}/scores"
    (theirs,) = bank.get("head", path)["items"]
    (own,) = bank.get("fa", path)["items"]
    assert (own["person"], own["score"]) == ("fa", theirs["score"])
    assert {part["opens"] for part in own["components"]} == {""}
    assert bank.get("fa", f"{path}?person=fa")["total"]["score"] == own["score"]
    for other in ("?person=head", "?level=branch", ".xlsx", ".csv?level=bank"):
        assert bank.tablet("fa").get(path + other).status_code == 403, other


def test_an_alert_reaches_the_nearest_supervisors_once_and_can_be_listed(bank):
    seen = bank.visit(16, alert="red", alert_reason="另一家银行已批贷，客户准备结清")
    bank.visit(16, alert="red", alert_reason="另一家银行已批贷，客户准备结清！", amends=seen)
    bank.visit(17)
    letters = lambda who: [one["d"] for one in bank.tablet(who).pull()["changes"] if one["k"] == "letter"]  # noqa: E731 - one line says it
    (letter,) = letters("near")
    assert "红色预警" in letter["title"]
    assert [word in letter["text"] for word in ("准备结清", "林*燕", "林小燕")] == [True, True, False]
    assert (letter["author"], letter["to"], letters("head")) == ("fa", ["near"], [])
    month = f"/visits/reviews?state=all&month={MONTH}"
    for colour, count in (("any", 2), ("red", 2), ("yellow", 0)):
        assert len(bank.get("head", f"{month}&alert={colour}")["items"]) == count
    assert bank.get("head", "/visits/reviews?alert=any")["items"] == []
    assert len(bank.get("head", f"/visits/map?month={MONTH}&alert=red")["features"]) == 3


def test_a_month_without_anything_to_measure_has_no_score(bank):
    report = bank.get("head", "/compliance/months/2026-09/scores")
    assert (report["items"], report["total"]["score"]) == ([], None)


def test_a_reference_tablet_appeals_without_a_line_and_reads_what_came_of_it(bank, client):
    odd = bank.visit(north=0.02)
    pad = open_reference_tablet(bank, client)
    pad.sync()
    assert pad.view("visit_grade", odd).body["review_state"] == "pending"
    bank.decide("head", odd, "reject", reason="位置不符")
    pad.sync()
    step = pad.view("visit_grade", odd).body["steps"][-1]
    assert (step["text"], "申诉" in step["zh"]) == ("位置不符", True)
    made = pad.create("visit_reply", {"visit_id": odd, "sort": "appeal", "text": "当天定位漂移，客户可作证"})
    assert (pad.unsent_count(), pad.view("visit_reply", made.id).body.get("outcome")) == (1, None)
    assert bank.get("second", "/visits/reviews")["items"] == []
    pad.sync()
    assert pad.view("visit_reply", made.id).body["outcome"] == "taken"
    (item,) = bank.get("second", "/visits/reviews?state=appealed&month=2026-11")["items"]
    assert (item["steps"][-1]["text"], item["deeds"]) == ("当天定位漂移，客户可作证", ["accept", "reject", "ask"])
    own = bank.decide("head", odd, "accept", version=item["version"])
    assert (own.status_code, own.json()["code"]) == (403, "own_work")
    assert bank.decide("second", odd, "accept", version=item["version"]).status_code == 200
    pad.sync()
    graded = pad.view("visit_grade", odd).body
    assert (graded["review_state"], "申诉成立" in graded["steps"][-1]["zh"]) == ("accepted", True)
    pad.close()


def open_reference_tablet(bank, client):
    """A tablet as client authors copy it, enrolled and signed in as fa."""
    random, key = Random(7), ec.generate_private_key(ec.SECP256R1())
    install_id = uuid7(1_700_000_000_000, random)
    database = create_database(None, install_id)
    line = HttpLine(client, install_id, SystemClock(), DatabaseTokens(database))
    patience = Patience(lambda _: None, random, attempts_max=2, first_ms=1)
    tablet = Tablet(database, HttpTransport(line), Surroundings(key, SystemClock(), random, patience))
    enrol(line, make_enrolment_code(bank.app.state.house.auth, "3501", "test").code, key, App("test", "1.0"))
    tablet.switch_person("fa")
    sign_in(line, "fa", PASSWORD, key)
    return tablet
