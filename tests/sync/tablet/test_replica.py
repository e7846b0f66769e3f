"""The replica: memberships, digests kept as they change, rounds that show at once or not at all."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from contracts.pull import Change, Digest, PullResponse, Removal
from sync.digest import digest_of, write_digest
from sync.tablet.database import create_database, restore_database
from sync.tablet.outbox import Outbox
from sync.tablet.purges import Purges
from sync.tablet.replica import Replica, Row
from sync.tablet.rounds import Rounds

AT = "2026-11-21T01:00:00.000Z"
ORDER = "01970000-0000-7000-8000-0000000000ff"
INSTALL = "01970000-0000-7000-8000-000000000001"


class Pad:
    """A replica and its rounds on one database."""

    def __init__(self):
        self.database = create_database(None, INSTALL)
        self.replica = Replica(self.database)
        self.purges = Purges(self.database, self.replica)
        self.rounds = Rounds(self.database, self.replica, Outbox(self.database), self.purges)

    def take(self, *changes, complete=True, reset=(), removed=(), cursor="c"):
        page = PullResponse(
            epoch=INSTALL, ack_n=0, cursor=cursor, complete=complete, reset=list(reset), changes=list(changes),
            removed=[Removal(bucket=bucket, purge=purge, deadline=AT) for bucket, purge in removed],
        )  # fmt: skip
        self.rounds.take(msgspec.json.decode(msgspec.json.encode(page), type=PullResponse), AT)

    def held(self):
        return {held.id: held.version for held in self.replica.list_kind("form")}


@pytest.fixture
def pad():
    return Pad()


def live(bucket, id, version=1, body="{}"):
    return Change(b=bucket, s=1, k="form", id=id, v=version, d=Raw(body.encode()))


def gone(bucket, id):
    return Change(b=bucket, s=2, k="form", id=id, x="moved")


def test_a_record_is_forgotten_when_its_last_bucket_drops_it(pad):
    pad.take(live("a", "1"), live("b", "1"))
    pad.take(gone("a", "1"))
    assert pad.held() == {"1": 1}
    pad.take(gone("b", "1"))
    assert pad.held() == {}


def test_a_round_shows_only_when_it_is_complete(pad):
    pad.take(live("a", "1"), complete=False, cursor="c1")
    assert (pad.held(), pad.rounds.cursor()) == ({}, "c1")
    pad.take(live("a", "2"), cursor="c2")
    assert (pad.held(), pad.rounds.cursor()) == ({"1": 1, "2": 1}, "c2")


def test_a_reset_replaces_the_bucket_and_nothing_else(pad):
    pad.take(live("a", "1"), live("b", "2"))
    pad.take(live("a", "3"), reset=["a"])
    assert pad.held() == {"2": 1, "3": 1}


def test_a_second_reset_in_one_round_voids_what_was_staged(pad):
    pad.take(live("a", "1"), reset=["a"], complete=False)
    pad.take(live("a", "2"), reset=["a"])
    assert pad.held() == {"2": 1}


def test_a_reset_takes_the_new_body_of_an_old_version(pad):
    pad.take(live("a", "1", body='{"phone":"1"}'))
    pad.take(live("a", "1", body='{"phone":"2"}'), reset=["a"])
    assert pad.replica.find("form", "1").body == {"phone": "2"}


def test_a_removed_bucket_waits_for_its_purge_and_is_counted(pad):
    pad.take(live("a", "1"), live("b", "1"), live("a", "2"))
    pad.take(removed=[("a", ORDER)])
    assert pad.purges.is_pending()
    pad.purges.carry_out(AT)
    assert pad.held() == {"1": 1}
    deleted, count = pad.database.execute("SELECT deleted, count FROM purge").fetchone()
    assert (deleted, count) == (1, 2)


def test_a_bucket_that_came_back_before_its_purge_keeps_what_is_new(pad):
    pad.take(live("a", "1"))
    pad.take(removed=[("a", ORDER)])
    pad.take(live("a", "2"), reset=["a"])
    pad.purges.carry_out(AT)
    assert pad.held() == {"2": 1}
    assert pad.database.execute("SELECT deleted, done_at FROM purge").fetchone() == (1, AT)


def test_an_abandoned_round_leaves_nothing_that_the_next_one_does_not_send(pad):
    pad.take(live("a", "1"), live("b", "2"))
    pad.take(live("a", "3"), complete=False)
    pad.rounds.abandon()
    assert pad.rounds.cursor() is None
    pad.take(live("a", "1", 2), reset=["a"])
    assert pad.held() == {"1": 2}


def test_a_file_can_be_brought_back_in_memory(tmp_path):
    database = create_database(tmp_path / "tablet.db", INSTALL)
    copy = restore_database(database.serialize())
    assert copy.execute("SELECT install_id FROM install").fetchone() == (INSTALL,)
    database.close()


def test_a_purge_leaves_no_byte_in_the_file(tmp_path):
    path = tmp_path / "tablet.db"
    database = create_database(path, INSTALL)
    replica = Replica(database)
    with database.transaction():
        replica.apply([Row("a", "form", str(n), 1, '{"name":"Zheng Chenggong"}', None) for n in range(500)])
    purges = Purges(database, replica)
    purges.order(ORDER, ["a"], AT, "scope")
    purges.carry_out(AT)
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Zheng" not in left
    database.close()


ids = st.sampled_from(["1", "2", "3"])
buckets = st.sampled_from(["a", "b"])
changes = st.builds(live, buckets, ids, st.integers(1, 3)) | st.builds(gone, buckets, ids)
pages = st.tuples(st.lists(changes, max_size=5), st.booleans(), st.lists(buckets, max_size=1))


@given(st.lists(pages, max_size=8))
def test_the_digest_kept_is_the_digest_counted(rounds):
    pad = Pad()
    for page, complete, reset in rounds:
        pad.take(*page, complete=complete, reset=reset)
        for bucket, digest in pad.replica.digests().items():
            members = pad.replica.members(bucket)
            assert digest == Digest(n=len(members), d=write_digest(digest_of(members)))
    homeless = "SELECT count(*) FROM record WHERE id NOT IN (SELECT id FROM membership)"
    assert pad.database.execute(homeless).fetchone() == (0,)
