"""What corrects what: the ledger, the duties, the score and the queue agree, in whatever order visits arrive."""

import shutil
from datetime import date, datetime
from itertools import permutations
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from backend.domain.compliance.queries import facts, obligations
from backend.domain.marketing.models import contact_entry
from backend.domain.staff.models import staff
from backend.domain.visits.models import visit
from backend.domain.visits.rules.corrections import Claim, settle_corrections, stand
from backend.domain.visits.rules.thresholds import Thresholds
from backend.settings import Settings
from backend.storage.tables import record
from backend.sync_api.duty.scores import Asked, ScoreDesk, weights_of
from sync.moments import shift_moment
from sync.puts import Put
from tests.backend.visits.conftest import MORNING, Maker
from tests.backend.visits.field import CUSTOMER, PLACE, Pad, new_id
from tests.backend.visits.reviews.office import BOSS, SECOND, Office
from tests.support.databases import open_store

ANOTHER = "00000000-0000-4000-8000-00000000c002"
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)

# Name → what it corrects, minutes after the first, and what else is told. Each is made on a tablet of its own.
STORIES = {
    "one correction": ({"a": {}, "b": {"amends": "a", "after": "00:30"}}, "b"),
    "a chain": ({"a": {}, "b": {"amends": "a", "after": "00:30"}, "c": {"amends": "b", "after": "01:30"}}, "c"),
    "two of one visit": (
        {"a": {}, "b": {"amends": "a", "after": "01:30"}, "c": {"amends": "a", "after": "00:30"}}, "b",
    ),
    "a chain beside an older correction": (
        {"a": {}, "b": {"amends": "a", "after": "00:40"}, "c": {"amends": "b", "after": "00:50"},
         "d": {"amends": "a", "after": "00:20"}},
        "c",
    ),
    "another time": ({"a": {}, "b": {"amends": "a", "after": "30:00"}}, "a"),
    "another customer": ({"a": {}, "b": {"amends": "a", "after": "00:30", "customer_id": ANOTHER}}, "a"),
    "another customer by a detour": (
        {"a": {}, "b": {"amends": "a", "after": "00:30", "customer_id": ANOTHER},
         "c": {"amends": "b", "after": "00:40", "customer_id": ANOTHER}},
        "a",
    ),
    "a doubtful one taken back": (
        {"a": {}, "b": {"amends": "a", "after": "30:00"}, "c": {"amends": "b", "after": "00:30"}}, "c",
    ),
    "another person's": ({"a": {}, "b": {"amends": "a", "after": "00:30", "who": "m2"}}, "ab"),
    "one that never comes": ({"b": {"amends": "a", "after": "00:30"}, "c": {"after": "50:00"}}, "bc"),
}  # fmt: skip


@st.composite
def lines(draw):
    """Visits of one person that correct each other, unknown ones and, by a faulty tablet, in a circle."""
    ids = [f"v{n}" for n in range(draw(st.integers(1, 6)))]
    make = Maker()
    told = [
        make.trace(id=id, root=draw(st.sampled_from([id, *ids, "x", "y"])), customer_id=draw(st.sampled_from("11112")))
        for id in ids
    ]
    return [
        Claim(
            trace=settled, amends=trace.root, signed_at=shift_moment(MORNING, seconds=draw(st.integers(0, 3))),
            review=draw(st.sampled_from([None, "counted", "pending", "accepted", "rejected"])),
        )
        for trace, settled in zip(told, settle_corrections(told), strict=True)
    ]  # fmt: skip


class Story:
    """Visits that correct each other, each on its own tablet, handed in as told."""

    def __init__(self, office, visits, *, is_shared=False):
        self.office, self.pads, self.ids = office, {}, {"a": new_id()}
        for name, told in visits.items():
            self._make(name, told.get("who", "m1") if is_shared else name, **told)
        self.names = {id: name for name, id in self.ids.items()}

    def _make(self, name, pad, after="00:00", amends=None, who="m1", **told):
        if pad not in self.pads:
            self.pads[pad] = Pad(self.office, who, boot=f"b{len(self.pads)}")
        told = {**told, "amends": self.ids[amends]} if amends else told
        self.ids[name] = self.pads[pad].visit(f"2026-11-20T02:{after}Z", **told)

    def push(self, names):
        for name in names:
            self.pads[name].push()
        self.office.store.catch_up()
        return self

    def contacts(self):
        chosen = select(contact_entry.c.id)
        return self._named(self.office.store.read(lambda look: list(look.connection.scalars(chosen))))

    def counted(self):
        kept = self.office.store.read(lambda look: obligations.list_obligations(look.connection, [], None, 10))
        return self._named(one.visit_id for duty in kept for one in duty.detail.visits if one.verdict == "counted")

    def sampled(self):
        visits = self.office.store.read(lambda look: facts.visits_of(look.connection, ["3501"], *NOVEMBER, None))
        return self._named(visits)

    def scored(self):
        desk = ScoreDesk(self.office.store, weights_of(Settings()))
        return sum(row.visits for row in desk.scores(BOSS, Asked(month="2026-11"), after=None, limit=10).items)

    def waiting(self):
        return self._named(self.office.waiting())

    def everything(self):
        return (self.contacts(), self.scored(), self.sampled(), self.counted(), self.waiting(), self.judged())

    def judged(self):
        """Name → grade, moment, flags, corrected_by, waits_behind."""
        return {name: self._judged(self.office.grade(id)) for id, name in self.names.items() if id in self._known()}

    def _known(self):
        chosen = select(visit.c.id)
        return set(self.office.store.read(lambda look: list(look.connection.scalars(chosen))))

    def _judged(self, graded):
        flags = [(one["code"], self.names.get(one.get("other"))) for one in graded["flags"]]
        others = [self.names.get(graded[name]) for name in ("corrected_by", "waits_behind")]
        return graded["grade"], graded["at"], flags, *others

    def _named(self, ids):
        return "".join(sorted(self.names[id] for id in ids))


class Muddle(Story):
    """Eight visits that correct each other at random."""

    def __init__(self, office, random):
        self.office, self.random = office, random
        self.told: list[tuple[str, dict[str, Any]]] = []
        office.clock.at = datetime.fromisoformat("2026-11-26T00:00:00+00:00")
        self.pads = {n: Pad(office, random.choice(["m1", "m1", "m1", "m2"]), boot=f"b{n}") for n in range(4)}
        for _ in range(8):
            self._make_another(random.choice(self.pads))
        self.names = {id: str(n) for n, (id, _) in enumerate(self.told)}

    def _make_another(self, pad):
        random = self.random
        pad.boot += random.choice(["", "", "", "r"])
        told: dict[str, Any] = {
            "customer_id": random.choice([CUSTOMER] * 5 + [ANOTHER]),
            "north_m": random.choice([0, 0, 0, 0, 30_000]),
        }
        if self.told and random.random() < 0.7:
            original, known = random.choice(self.told)
            told["amends"] = random.choice([original] * 7 + [new_id()])
            repeated = ("started_at", "ended_at", "check_in", "check_out", "content")
            told |= {name: known[name] for name in random.choice([repeated, repeated[:4], ()])}
        day, minute, second = random.choice([20, 20, 23]), random.randint(0, 3), random.randint(0, 59)
        id = pad.visit(f"2026-11-{day}T02:{minute:02d}:{second:02d}Z", **told)
        self.told.append((id, msgspec.json.decode(pad.owed[-1])["set"]))

    def decide(self):
        id, _ = self.random.choice(self.told)
        if self.office.grade(id)["review_state"] == "pending":
            self.office.decide(BOSS, id, self.random.choice(["accept", "reject"]))
        return self.push([])


def open_office(url):
    office = Office(open_store(url))
    body = {"customer_no": "2", "name": "陈大文", "host_org": "3501", "host_portfolio": "p1", "places": [PLACE],
            "crm_revision": 1, "as_of": "2026-11-01T00:00:00.000Z"}  # fmt: skip
    office.engine.put_records([Put(kind="customer", id=ANOTHER, body=body)], by="crm")
    office.lend()
    return office


@pytest.fixture
def office(url):
    opened = open_office(url)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory, migrated_file):
    """Opens offices, each with a database of its own."""
    root = tmp_path_factory.mktemp("offices")
    offices: list[Office] = []

    def open_another():
        path = root / f"{len(offices)}.db"
        shutil.copy(migrated_file, path)
        offices.append(open_office(f"sqlite:///{path}"))
        return offices[-1]

    yield open_another
    for office in offices:
        office.store.close()


@pytest.mark.parametrize("name", STORIES)
def test_in_any_order_of_arrival_the_same_visits_count_everywhere(opened, name):
    visits, standing = STORIES[name]
    seen = [Story(opened(), visits).push(order).everything() for order in permutations(visits)]
    assert seen == seen[:1] * len(seen)
    contacts, scored, sampled, counted, *_ = seen[0]
    assert (contacts, scored, sampled) == (standing, len(standing), standing)
    assert set(counted) <= set(standing)


@pytest.mark.parametrize("seed", [1, 2, 3, 26, 74])
def test_whatever_corrects_whatever_the_order_of_arrival_changes_nothing(opened, seed):
    """Two persons, four tablets that restart, corrections of all sorts, at once and days later; then a decision."""
    told = [Muddle(opened(), Random(seed)) for _ in range(3)]
    seen = [one.push(Random(n).sample(range(4), 4)).decide().everything() for n, one in enumerate(told)]
    assert seen == seen[:1] * 3
    contacts, scored, *_, judged = seen[0]
    standing = {
        name for name, (*_, corrected_by, waits_behind) in judged.items() if not corrected_by and not waits_behind
    }
    assert (set(contacts), scored) == (standing, len(standing))


@pytest.mark.parametrize("name", STORIES)
def test_handed_in_together_by_one_tablet_the_same_visits_count(opened, name):
    """One tablet's visits come in the order of their numbers, so the one that was written last is the last."""
    visits, standing = STORIES[name]
    told = Story(opened(), visits, is_shared=True).push(dict.fromkeys(one.get("who", "m1") for one in visits.values()))
    standing = {"two of one visit": "c", "a chain beside an older correction": "d"}.get(name, standing)
    assert (told.contacts(), told.scored(), told.sampled()) == (standing, len(standing), standing)


def test_a_doubted_correction_waits_behind_its_original_until_somebody_accepts_it(office):
    told = Story(office, {"a": {}, "b": {"amends": "a", "after": "30:00"}}).push("ab")
    first, second = told.ids["a"], told.ids["b"]
    grade = office.grade(second)
    assert (grade["waits_behind"], grade["corrected_by"], office.waiting()) == (first, None, [second])
    assert (told.counted(), office.desk.review(BOSS, second).waits_behind) == ("a", first)
    office.decide(BOSS, second, "accept")
    told.push("")
    assert (told.counted(), told.contacts(), told.scored(), told.sampled()) == ("b", "b", 1, "b")
    assert (office.grade(first)["corrected_by"], office.grade(second)["waits_behind"]) == (second, None)
    office.decide(SECOND, second, "reject")
    told.push("")
    assert (told.counted(), told.contacts(), told.scored(), told.sampled()) == ("a", "a", 1, "a")


def test_a_visit_that_is_moved_to_another_customer_counts_there_once_accepted_and_no_more_here(office):
    told = Story(office, {"a": {}, "b": {"amends": "a", "after": "00:30", "customer_id": ANOTHER}}).push("ba")
    office.decide(BOSS, told.ids["b"], "accept")
    told.push("")
    assert (told.counted(), told.contacts(), told.scored(), office.waiting()) == ("", "b", 1, [])


def test_no_doubt_is_washed_off_by_a_second_correction(office):
    """Every correction is compared with the first of all, not with the doubted one that it names."""
    told = Story(office, STORIES["another customer by a detour"][0]).push("cba")
    assert (told.waiting(), told.contacts()) == ("bc", "a")
    assert "corrects_other" in office.codes(told.ids["c"])


def test_who_corrects_anew_what_was_rejected_is_looked_at_however_the_correction_is_named(office):
    told = Story(office, {"a": {}, "b": {"amends": "a", "after": "00:30"}, "c": {"amends": "a", "after": "01:00"}})
    told.push("ab")
    office.decide(BOSS, told.ids["b"], "reject")
    assert told.counted() == ""
    told.push("c")
    assert (told.counted(), told.waiting(), "corrects_rejected" in office.codes(told.ids["c"])) == ("", "c", True)


def test_a_chain_of_corrections_written_days_later_stays_on_the_visit_s_day(office):
    """The original, on another tablet, comes last; the corrections were dated when they were signed until then."""
    told = Story(office, {"a": {}})
    known = msgspec.json.decode(told.pads["a"].owed[0])["set"]
    told.pads["b"], told.pads["d"] = Pad(office, boot="b7"), Pad(office, boot="b8")
    same = {name: known[name] for name in ("started_at", "ended_at", "check_in", "check_out", "content")}
    told.ids["b"] = told.pads["b"].visit("2026-11-24T03:00:00Z", stay_s=0, amends=told.ids["a"], **same)
    told.ids["c"] = told.pads["b"].visit("2026-11-25T03:00:00Z", stay_s=0, amends=told.ids["b"], **same)
    told.ids["d"] = told.pads["d"].visit("2026-11-24T03:10:00Z", north_m=90_000)
    told.names = {id: name for name, id in told.ids.items()}
    office.clock.at = datetime.fromisoformat("2026-11-26T00:00:00+00:00")
    told.push("bda")
    assert {office.grade(told.ids[name])["local_date"] for name in "abc"} == {"2026-11-20"}
    assert (told.counted(), told.contacts(), told.scored()) == ("c", "cd", 2)
    assert not {"overlap", "text_reused", "identical_fix"} & office.codes(told.ids["c"])
    assert "impossible_speed" not in office.codes(told.ids["d"])


def test_words_that_a_correction_brought_days_later_are_old_words_for_the_visits_after_the_original(opened):
    for order in permutations("abd"):
        told = Story(opened(), {"a": {}})
        known = msgspec.json.decode(told.pads["a"].owed[0])["set"]
        same = {name: known[name] for name in ("started_at", "ended_at", "check_in", "check_out")}
        words = "客户今天谈到茶园扩建，打算明年春天再增加一笔贷款。"
        told.pads["b"], told.pads["d"] = Pad(told.office, boot="b7"), Pad(told.office, boot="b8")
        mended = told.pads["b"].visit(
            "2026-11-23T03:00:00Z", stay_s=0, amends=told.ids["a"], content=words, **same
        )  # fmt: skip
        copied = told.pads["d"].visit("2026-11-20T05:00:00Z", content=words)
        told.office.clock.at = datetime.fromisoformat("2026-11-26T00:00:00+00:00")
        told.push(order)
        flags = {one["code"]: one.get("other") for one in told.office.grade(copied)["flags"]}
        assert (order, flags.get("text_reused")) == (order, mended)
        assert "text_reused" not in told.office.codes(mended)


@pytest.mark.parametrize(("after", "letters"), [("00:30", 1), ("30:00", 2)])
def test_an_alert_is_told_once_of_one_visit_and_twice_where_it_may_be_another(opened, after, letters):
    for order in ("ab", "ba"):
        office = opened()
        boss = {"staff_no": "s9", "name": "某人", "org_id": "3501", "roles": "supervisor",
                "password_hash": "", "password_changed_at": "", "created_at": ""}  # fmt: skip
        office.store.write(lambda unit, boss=boss: unit.connection.execute(staff.insert().values(boss)))
        visits = {"a": {"alert": "red"}, "b": {"alert": "red", "amends": "a", "after": after}}
        Story(office, visits).push(order)
        counted = select(func.count()).select_from(record).where(record.c.kind == "letter")
        assert (order, office.store.read(lambda look, counted=counted: look.connection.scalar(counted))) == (
            order,
            letters,
        )


@given(lines())
def test_of_one_occasion_the_last_that_holds_counts_and_every_other_visit_names_it(claims):
    standings = stand(claims, Thresholds())
    for root in {claim.trace.root for claim in claims}:
        shared = {claim.trace.id: claim for claim in claims if claim.trace.root == root}
        of = shared[root].trace.customer_id if root in shared else None
        holding = {id for id, one in shared.items() if one.review == "accepted" or one.trace.customer_id == of}
        instead = {id: standings[id].corrected_by or standings[id].waits_behind for id in shared}
        counting = {id for id, other in instead.items() if other is None}
        assert (len(counting) == 1 and counting <= holding) if holding else counting == shared.keys()
        assert set(instead.values()) - {None} <= counting
        assert all(standings[id].corrected_by for id in holding - counting)


@given(lines(), st.randoms())
def test_the_order_in_which_visits_are_told_changes_nothing(claims, random):
    shuffled = random.sample(claims, len(claims))
    assert stand(shuffled, Thresholds()) == stand(claims, Thresholds())
