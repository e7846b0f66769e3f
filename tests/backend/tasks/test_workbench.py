"""The workbench: what each person's tablet gets of plans, boards, letters and leads, and who may touch them."""

import pytest

from backend.domain.handoffs.colleagues import show_busy
from backend.migrations import migrate
from backend.registry import KINDS
from backend.storage.engine import make_engine
from backend.storage.reactions import Reactions
from backend.storage.sql_store import SqlStore
from sync.puts import Put, put_records
from sync.store import Key
from tests.sync.bank import BRANCH, Bank, code

TEAM = f"team:{BRANCH}"
MORNING = {"starts_at": "2026-11-21T09:00:00+08:00", "ends_at": "2026-11-21T10:00:00+08:00"}


@pytest.fixture
def bank():
    return Bank()


@pytest.fixture
def pad(bank):
    pad = bank.pad()
    pad.become(buckets=pad.actor.buckets | {TEAM})
    return pad


@pytest.fixture
def boss(bank):
    return bank.pad("s-2", roles=frozenset({"supervisor"}), buckets=frozenset({"staff:s-2", TEAM}))


def buckets(bank, kind, said):
    return set(bank.find(kind, said["id"]).buckets)


def test_a_plan_lies_with_all_who_take_part(bank, pad):
    said = pad.say("plan", "create", set={"org_id": BRANCH, "title": "走访", **MORNING, "people": ["s-2"]})
    pad.do(said)
    assert buckets(bank, "plan", said) == {"staff:s-1", "staff:s-2"}


def test_a_plan_does_not_end_before_it_begins(pad):
    backwards = {"starts_at": "2026-11-21T09:00:00+08:00", "ends_at": "2026-11-21T00:59:00Z"}
    outcome = pad.do(pad.say("plan", "create", set={"org_id": BRANCH, "title": "走访", **backwards}))
    assert code(outcome) == "validation_failed"


def test_everybody_writes_on_their_own_board_and_supervisors_on_others_too(pad, boss):
    own, others = {"orgs": [BRANCH], "title": "停电"}, {"orgs": [BRANCH, "9999"], "title": "停电"}
    assert pad.do(pad.say("notice", "create", set=own)).status == "applied"
    assert code(pad.do(pad.say("notice", "create", set=others))) == "not_in_scope"
    assert boss.do(boss.say("notice", "create", set=others)).status == "applied"


def test_a_notice_is_taken_down_by_its_author_alone(pad, boss):
    said = pad.say("notice", "create", set={"orgs": [BRANCH], "title": "停电"})
    pad.do(said)
    assert code(boss.do(boss.say("notice", "delete", said["id"], base_version=1))) == "not_in_scope"
    assert pad.do(pad.say("notice", "delete", said["id"], base_version=1)).status == "applied"


def test_a_letter_reaches_those_it_is_for_and_cannot_be_changed(bank, pad):
    said = pad.say("letter", "create", set={"to": ["s-2", "s-3"], "text": "明天例会"})
    pad.do(said)
    assert buckets(bank, "letter", said) == {"staff:s-1", "staff:s-2", "staff:s-3"}
    assert code(pad.do(pad.patch(said["id"], "letter", base={}, text="后天"))) == "op_not_allowed"


def test_a_note_is_nobody_elses(bank, pad):
    said = pad.say("note", "create", set={"text": "记得带合同"})
    pad.do(said)
    assert buckets(bank, "note", said) == {"staff:s-1"}


def test_two_tablets_of_one_person_change_different_settings(bank, pad):
    said = pad.say("preference", "create", set={"values": {"font": "large"}})
    pad.do(said)
    pad.do(pad.patch(said["id"], "preference", base={}, seen=1, **{"values.theme": "dark"}))
    pad.do(pad.patch(said["id"], "preference", base={}, seen=1, **{"values.font": "small"}))
    assert bank.body("preference", said["id"])["values"] == {"font": "small", "theme": "dark"}


def test_a_lead_is_assigned_by_a_supervisor_and_its_finder_keeps_seeing_it(bank, pad, boss):
    said = pad.say("lead", "create", set={"org_id": BRANCH, "name": "陈小二", "interests": ["loan"]})
    pad.do(said)
    pad.do(pad.say("lead", "transition", said["id"], set={"to": "escalated", "facts": {"supervisor": "s-2"}}))
    assign = {"to": "assigned", "facts": {"owner": "s-3"}}
    assert code(pad.do(pad.say("lead", "transition", said["id"], set=assign))) == "not_in_scope"
    assert boss.do(boss.say("lead", "transition", said["id"], set=assign)).status == "applied"
    assert buckets(bank, "lead", said) == {"staff:s-1", "staff:s-2", "staff:s-3"}


def test_colleagues_see_the_hours_of_a_plan_and_nothing_else_until_it_is_cancelled(tmp_path):
    url, id = f"sqlite:///{tmp_path}/padsync.db", "01970000-0000-7000-8000-00000000000a"
    body = {"org_id": BRANCH, "title": "拜访李明", **MORNING, "people": ["s-2"], "author": "s-1", "state": "planned"}
    migrate(url)
    with SqlStore(make_engine(url), reactions=Reactions(KINDS, {"plan": [show_busy]})) as store:
        write = lambda **news: store.write(  # noqa: E731 - one line says it
            lambda unit: put_records(unit, KINDS, [Put(kind="plan", id=id, body=body | news)], by="s-1", at="2026")
        )
        look = lambda: store.read(lambda snapshot: snapshot.records([Key("busy", id)]))[Key("busy", id)]  # noqa: E731 - the same
        write()
        busy = KINDS["busy"].read(look().body)
        assert {name: busy[name] for name in ("org_id", "staff", "starts_at", "ends_at")} == {
            "org_id": BRANCH, "staff": ["s-1", "s-2"], **MORNING
        }  # fmt: skip
        assert look().buckets == {TEAM}
        assert "李明" not in look().body.decode()
        write(state="cancelled")
        assert look().standing == "deleted"
