"""Pull: pages, resets, removals and compaction, against the slowest way to know what a tablet may see (C1-C7, I12)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.pull import PullResponse
from sync.cursor import Cursor, Position, seal_cursor
from sync.engine import EngineSettings
from sync.errors import CursorInvalid, NotFound, SchemaTooOld
from tests.sync.bank import BRANCH, SECRET, Bank, replica, visible


def fill(bank, *sizes):
    """Write forms whose remarks are so long, and one customer in two of a person's portfolios."""
    for size in sizes:
        form = {"branch_id": BRANCH, "template_id": bank.new_id(), "state": "draft", "remark": "x" * size}
        bank.put("form", form)
    bank.customer("p-1", assist_portfolio="p-2")


# --- pages


@settings(max_examples=40)
@given(st.lists(st.integers(0, 2000), max_size=12), st.integers(1, 15), st.integers(1024, 6000))
def test_pages_of_any_size_make_the_same_round_as_one(sizes, limit, max_bytes):
    bank = Bank()
    pad = bank.pad(portfolios=("p-1", "p-2"))
    fill(bank, *sizes)
    whole = pad.pull()
    pages = pad.pull_all(limit=limit, max_bytes=max_bytes)
    assert whole.complete
    assert [change for page in pages for change in page.changes] == whole.changes
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].cursor == whole.cursor
    assert pages[0].reset == whole.reset
    assert not any(page.reset for page in pages[1:])
    for page in pages:
        rows = [(change.b, change.k, change.id) for change in page.changes]
        assert len(rows) == len(set(rows)) <= limit
        assert len(page.changes) <= 1 or sum(len(change.d) for change in page.changes) <= max_bytes
        assert page.changes or page.complete


def test_a_record_larger_than_the_page_comes_alone(bank, pad):
    fill(bank, 10, 1999, 10)
    pages = pad.pull_all(max_bytes=1024)
    assert max(len(page.changes) for page in pages) == 2
    assert replica(pages) == visible(bank, pad.actor)


def test_a_record_in_two_buckets_comes_once_in_each(bank):
    pad = bank.pad(portfolios=("p-1", "p-2"))
    id = bank.customer("p-1", assist_portfolio="p-2")
    assert sorted(change.b for change in pad.pull().changes if change.id == id) == ["portfolio:p-1", "portfolio:p-2"]


def test_a_record_that_left_one_of_two_buckets_is_told_there_and_stays_in_the_other(bank):
    pad = bank.pad(portfolios=("p-1", "p-2"))
    id = bank.customer("p-1", assist_portfolio="p-2")
    cursor = pad.pull().cursor
    bank.put("customer", {**bank.body("customer", id), "assist_portfolio": None}, id)
    told = {change.b: change.x for change in pad.pull(cursor).changes}
    assert told == {"portfolio:p-1": None, "portfolio:p-2": "moved"}


def test_the_stored_body_goes_out_as_it_lies(bank, pad):
    form = pad.form(tags=["b", "a"])
    pad.do(form)
    (change,) = pad.pull().changes
    assert bytes(change.d) == bank.find("form", form["id"]).body


# --- cursors


def test_a_pull_with_nothing_new_is_empty(bank, pad):
    fill(bank, 1, 2)
    cursor = pad.pull().cursor
    again = pad.pull(cursor)
    assert (again.cursor, again.complete) == (cursor, True)
    assert (again.changes, again.reset, again.removed, again.digests) == ([], [], [], {})


def test_another_installs_cursor_is_refused(bank, pad):
    with pytest.raises(CursorInvalid):
        pad.pull(bank.pad("s-2").pull().cursor)


def test_a_cursor_ahead_of_the_head_resets_the_bucket(bank, pad):
    fill(bank, 1)
    epoch = bank.store.tables.epochs[-1]
    ahead = {bucket: Position(99) for bucket in pad.actor.buckets}
    text = seal_cursor(Cursor(epoch=epoch, schema=1, positions=ahead), pad.install_id, SECRET)
    page = pad.pull(text)
    assert page.reset == sorted(pad.actor.buckets)
    assert replica([page]) == visible(bank, pad.actor)


def test_another_epoch_or_schema_resets_everything_and_says_so(bank, pad):
    fill(bank, 1, 2)
    cursor = pad.pull().cursor
    pad.become(schema=2)
    assert pad.pull(cursor).reset == sorted(pad.actor.buckets)
    pad.become(schema=1)
    bank.store.restore(bank.store.backup(), bank.new_id(), number_gap=0)
    page = pad.pull(cursor)
    assert page.reset == sorted(pad.actor.buckets)
    assert replica([page]) == visible(bank, pad.actor)


def test_an_app_too_old_may_push_but_not_pull(bank, pad):
    pad.become(schema=0)
    assert pad.do(pad.form()).status == "applied"
    with pytest.raises(SchemaTooOld):
        pad.pull()


def test_an_unknown_install_does_not_pull(bank, pad):
    pad.become(install_id=bank.new_id())
    with pytest.raises(NotFound):
        pad.pull()


# --- digests (C6)


def test_digests_come_for_what_moved_and_for_what_the_tablet_sees_differently(bank, pad):
    fill(bank, 1)
    page = pad.pull()
    assert page.digests.keys() == pad.actor.buckets
    have = {name: msgspec.structs.replace(digest, s=0) for name, digest in page.digests.items()}
    assert pad.pull(page.cursor, have=have).digests == {}
    have["catalog"] = msgspec.structs.replace(have["catalog"], n=5)
    assert pad.pull(page.cursor, have=have).digests.keys() == {"catalog"}


# --- removals (C7)


def test_a_bucket_that_left_the_scope_is_removed_with_one_order_however_often_it_is_asked(bank, pad):
    bank.customer()
    cursor = pad.pull().cursor
    pad.become(buckets=pad.actor.buckets - {"portfolio:p-1"})
    (removal,) = pad.pull(cursor).removed
    assert pad.pull(cursor).removed == [removal]
    assert [order.purge for order in bank.engine.purge_orders(pad.install_id)] == [removal.purge]
    assert pad.pull(pad.pull(cursor).cursor).removed == []


def test_a_tablet_that_lost_its_cursor_still_hears_what_it_must_give_back(bank, pad):
    bank.customer()
    pad.pull()
    pad.become(buckets=pad.actor.buckets - {"portfolio:p-1"})
    (removal,) = pad.pull().removed
    assert removal.bucket == "portfolio:p-1"
    assert pad.pull().removed == [removal]


def test_a_bucket_that_came_back_is_sent_in_full(bank, pad):
    bank.customer()
    cursor = pad.pull().cursor
    scope = pad.actor.buckets
    pad.become(buckets=scope - {"portfolio:p-1"})
    cursor = pad.pull(cursor).cursor
    pad.become(buckets=scope)
    page = pad.pull(cursor)
    assert (page.reset, page.removed) == (["portfolio:p-1"], [])
    assert replica([page]) == {row for row in visible(bank, pad.actor) if row[0] == "portfolio:p-1"}


# --- compaction (§7, I12)


def compacting(bank):
    bank.start(EngineSettings(retention_d=1, received_note_s=0))


def test_a_tablet_that_has_not_read_a_row_holds_it_back(bank, pad):
    compacting(bank)
    id = bank.customer()
    cursor = pad.pull().cursor
    bank.put("customer", None, id)
    bank.wait(hours=20)
    pad.pull(cursor)
    bank.wait(hours=20)
    assert bank.engine.compact().rows == 1


def test_a_living_tablet_holds_compaction_back_and_a_revoked_one_does_not(bank, pad):
    compacting(bank)
    ids = [bank.customer() for _ in range(3)]
    slow = bank.pad("s-2")
    cursor = slow.pull().cursor
    for id in ids:
        bank.put("customer", None, id)
    bank.wait(hours=23)
    pad.pull()
    slow.pull(cursor, limit=1)
    bank.wait(hours=2)
    assert bank.engine.compact().dropped == {"portfolio:p-1": 1}
    bank.engine.order_purge(slow.install_id)
    assert bank.engine.compact().dropped == {"portfolio:p-1": 2}


def raised_floor(bank, pad):
    """Let a bucket have live rows below its floor, and return their ids in the order of the feed."""
    compacting(bank)
    ids = [bank.customer() for _ in range(4)]
    bank.put("customer", None, bank.customer())
    bank.wait(days=2)
    assert bank.engine.compact().floors == {"portfolio:p-1": 6}
    return ids


def test_a_scan_of_rows_below_the_floor_comes_to_its_end(bank, pad):
    raised_floor(bank, pad)
    pages = [pad.pull(limit=1)]
    while not pages[-1].complete:
        assert len(pages) < 10
        pages.append(pad.pull(pages[-1].cursor, limit=1))
    assert [page.reset for page in pages[1:]] == [[]] * (len(pages) - 1)
    assert replica(pages) == visible(bank, pad.actor)


def test_a_scan_under_which_the_floor_moves_begins_anew(bank, pad):
    ids = raised_floor(bank, pad)
    pages = [pad.pull(limit=2)]
    bank.put("customer", None, ids[0])
    bank.wait(days=2)
    bank.engine.compact()
    pages += pad.pull_all(pages[-1].cursor, limit=2)
    assert pages[1].reset == ["portfolio:p-1"]
    assert replica(pages) == visible(bank, pad.actor)


def test_below_the_floor_is_always_a_reset(bank, pad):
    compacting(bank)
    ids = [bank.customer() for _ in range(3)]
    cursor = pad.pull().cursor
    bank.put("customer", None, ids[0])
    bank.wait(days=3)
    bank.put("customer", {**bank.body("customer", ids[1]), "name": "王"}, ids[1])
    bank.engine.compact()
    page = pad.pull(cursor)
    assert page.reset == ["portfolio:p-1"]
    assert replica([page]) == {row for row in visible(bank, pad.actor) if row[0] == "portfolio:p-1"}


class Rounds(RuleBasedStateMachine):
    """Records come, move and go; tablets pull pages of all sizes; rows are compacted away; cursors are lost."""

    @initialize()
    def open(self) -> None:
        self.bank = Bank()
        compacting(self.bank)
        self.pads = [self.bank.pad(f"s-{at}", portfolios=scope) for at, scope in enumerate([("p-0",), ("p-0", "p-1")])]
        self.cursors: list[str | None] = [None, None]
        self.held: list[set[Any]] = [set(), set()]
        self.staged: list[list[PullResponse]] = [[], []]
        self.ids: list[str] = []

    portfolios = st.sampled_from(["p-0", "p-1", None])
    at = st.integers(0, 1)

    @rule(host=portfolios, assist=portfolios)
    def come(self, host, assist):
        self.ids.append(self.bank.customer(host, assist_portfolio=assist))

    @rule(data=st.data(), host=portfolios)
    def move(self, data, host):
        if self.ids:
            id = data.draw(st.sampled_from(self.ids))
            self.bank.put("customer", {**self.bank.body("customer", id), "host_portfolio": host}, id)

    @rule(data=st.data())
    def go(self, data):
        if self.ids:
            self.bank.put("customer", None, self.ids.pop(data.draw(st.integers(0, len(self.ids) - 1))))

    @rule(at=at, limit=st.integers(1, 3))
    def pull(self, at, limit):
        page = self.pads[at].pull(self.cursors[at], limit=limit)
        self.cursors[at] = page.cursor
        self.staged[at].append(page)
        if page.complete:
            self.held[at], self.staged[at] = replica(self.staged[at], self.held[at]), []
            assert self.held[at] == visible(self.bank, self.pads[at].actor)

    @rule(at=at, is_granted=st.booleans())
    def assign(self, at, is_granted):
        buckets = self.pads[at].actor.buckets - {"portfolio:p-1"}
        self.pads[at].become(buckets=buckets | {"portfolio:p-1"} if is_granted else buckets)

    @rule(at=at)
    def lose_the_cursor(self, at):
        self.cursors[at], self.staged[at] = None, []

    @rule(hours=st.sampled_from([1, 30]))
    def compact(self, hours):
        self.bank.wait(hours=hours)
        self.bank.engine.compact()

    @invariant()
    def a_quiet_round_ends_with_what_may_be_seen_and_equal_digests(self):
        for at, pad in enumerate(self.pads):
            pages = self.staged[at] + pad.pull_all(self.cursors[at], limit=2)
            held = replica(pages, self.held[at])
            assert held == visible(self.bank, pad.actor)
            for page in pages:
                for change in page.changes:
                    assert change.b in pad.actor.buckets or page in self.staged[at]


TestRounds = Rounds.TestCase
TestRounds.settings = settings(max_examples=25, stateful_step_count=25)
