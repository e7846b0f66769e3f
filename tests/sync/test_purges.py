"""Purge orders and the signed receipts that settle them (C7)."""

import msgspec
import pytest

from contracts.pull import Digest
from contracts.purges import PurgeAckRequest, PurgeReceipt
from sync.errors import BadSignature, NotFound
from sync.scope import EVERYTHING
from sync.signing import canonical, new_key, sign
from tests.sync.bank import Bank, Pad


@pytest.fixture
def pad(bank: Bank) -> Pad:
    pad = bank.pad()
    bank.customer()
    pad.pull()
    return pad


def receipt(pad, purge, key=None, **fields):
    said = {"purge": purge, "deleted": 1, "digest_before": {"n": 1, "d": "0" * 16}, "done_at": pad.bank.at, **fields}
    return msgspec.convert({**said, "sig": sign(key or pad.key, canonical(said))}, PurgeReceipt)


def acknowledge(pad, *receipts):
    return pad.bank.engine.acknowledge_purges(PurgeAckRequest(receipts=list(receipts)), pad.install_id)


def order(bank, pad):
    (purge,) = bank.engine.order_purge(pad.install_id)
    return purge


def test_an_order_names_all_that_the_install_holds_and_is_given_once(bank, pad):
    purge = order(bank, pad)
    assert set(purge.buckets) == {*pad.actor.buckets, EVERYTHING}
    assert bank.engine.order_purge(pad.install_id) == [purge]
    assert (purge.cause, purge.deadline) == ("revoked", "2026-11-22T01:30:00.000Z")


def test_an_order_stands_before_any_answer_tells_of_it(bank, pad):
    cursor = pad.pull().cursor
    pad.become(buckets=pad.actor.buckets - {"portfolio:p-1"})
    bank.store.on_step = fail_at("save_purge")
    with pytest.raises(Failed):
        pad.pull(cursor)
    bank.store.on_step = lambda _name: None
    (removal,) = pad.pull(cursor).removed
    assert [one.purge for one in bank.engine.purge_orders(pad.install_id)] == [removal.purge]


class Failed(Exception):
    """The database went away."""


def fail_at(name):
    def step(at: str) -> None:
        if at == name:
            raise Failed

    return step


def test_a_receipt_settles_its_order_and_a_second_one_changes_nothing(bank, pad):
    purge = order(bank, pad).purge
    answer = acknowledge(pad, receipt(pad, purge))
    assert (answer.settled, answer.open) == ([purge], [])
    before = bank.store.tables.purges
    assert acknowledge(pad, receipt(pad, purge, deleted=99)).settled == [purge]
    assert bank.store.tables.purges == before
    purged = [entry for entry, _ in bank.store.tables.audit[f"install:{pad.install_id}"] if entry.action == "purged"]
    assert [entry.detail for entry in purged] == [{"purge": purge, "deleted": 1, "late": False}]


def test_a_late_receipt_says_so(bank, pad):
    purge = order(bank, pad).purge
    bank.wait(hours=25)
    acknowledge(pad, receipt(pad, purge))
    assert bank.store.tables.audit[f"install:{pad.install_id}"][-1][0].detail["late"] is True


def test_a_receipt_that_the_device_did_not_sign_settles_nothing(bank, pad):
    purge = order(bank, pad).purge
    forged = msgspec.structs.replace(receipt(pad, purge), deleted=7)
    for bad in (receipt(pad, purge, key=new_key()), forged):
        with pytest.raises(BadSignature):
            acknowledge(pad, bad)
    assert [one.purge for one in bank.engine.purge_orders(pad.install_id)] == [purge]


def test_an_order_of_another_install_cannot_be_acknowledged(bank, pad):
    other = bank.pad("s-2")
    with pytest.raises(NotFound):
        acknowledge(other, receipt(other, order(bank, pad).purge))


def test_a_new_order_follows_a_settled_one(bank, pad):
    first = order(bank, pad)
    acknowledge(pad, receipt(pad, first.purge))
    assert order(bank, pad).purge != first.purge


def test_a_bucket_that_is_lost_again_after_its_receipt_gets_an_order_of_its_own(bank, pad):
    scope, cursor = pad.actor.buckets, pad.pull().cursor
    purges = []
    for _ in range(2):
        pad.become(buckets=scope - {"portfolio:p-1"})
        page = pad.pull(cursor)
        (removal,) = page.removed
        purges.append(removal.purge)
        acknowledge(pad, receipt(pad, removal.purge))
        pad.become(buckets=scope)
        cursor = pad.pull(page.cursor).cursor
    assert len(set(purges)) == 2


def test_a_receipt_tells_the_digest_of_what_was_deleted(pad):
    assert receipt(pad, pad.bank.new_id()).digest_before == Digest(n=1, d="0" * 16)


def test_a_bucket_that_comes_back_withdraws_its_order(bank, pad):
    cursor, scope = pad.pull().cursor, pad.actor.buckets
    pad.become(buckets=scope - {"portfolio:p-1"})
    assert [removal.bucket for removal in pad.pull(cursor).removed] == ["portfolio:p-1"]
    pad.become(buckets=scope)
    pad.pull(cursor)
    assert bank.engine.purge_orders(pad.install_id) == []


def test_a_revocation_is_not_withdrawn_by_a_pull(bank, pad):
    order(bank, pad)
    pad.become(buckets=pad.actor.buckets - {"portfolio:p-1"})
    pad.pull()
    pad.become(buckets=pad.actor.buckets | {"portfolio:p-1"})
    pad.pull()
    assert [purge.cause for purge in bank.engine.purge_orders(pad.install_id)][:1] == ["revoked"]
