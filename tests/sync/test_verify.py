"""Verify: whatever a tablet's bucket lost, kept or garbled is found and mended (C6)."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.pull import Digest
from contracts.verify import LEAF_MAX, PREFIXES_MAX, VerifyRequest
from sync.digest import digest_of, write_digest
from sync.errors import NotFound
from sync.memory import MemorySnapshot, MemoryStore
from sync.store import Stored, Write
from sync.verify import answer_verify
from tests.sync.bank import Bank

Held = dict[str, int]  # id → version


def store_of(ids):
    store = MemoryStore("e")
    made = [
        Write(before=None, after=Stored(kind="k", id=id, version=1, body=b"{}", buckets=frozenset("b"))) for id in ids
    ]
    store.write(lambda unit: unit.save_records(made))
    return store


def digest(held: Held, prefix: str) -> Digest:
    under = [("k", id, version) for id, version in held.items() if id.startswith(prefix)]
    return Digest(n=len(under), d=write_digest(digest_of(under)))


def mend(store: MemoryStore, held: Held) -> int:
    """Ask until nothing differs, as a client author would read the protocol; return the number of questions."""
    asked, prefixes = 0, [""]
    while prefixes:
        asked += 1
        have = {prefix: digest(held, prefix) for prefix in prefixes[:PREFIXES_MAX]}
        prefixes = prefixes[PREFIXES_MAX:]
        answer = answer_verify(MemorySnapshot(store.tables), VerifyRequest(bucket="b", have=have))
        for branch in answer.differ:
            if branch.narrower is not None:
                known = tuple(branch.narrower)
                for id in [id for id in held if id.startswith(branch.prefix) and not id.startswith(known)]:
                    del held[id]
                prefixes += [key for key, theirs in branch.narrower.items() if digest(held, key) != theirs]
            else:
                for id in [id for id in held if id.startswith(branch.prefix)]:
                    del held[id]
                held |= {change.id: change.v for change in branch.records or ()}
        assert asked < 1000
    return asked


@settings(max_examples=25)
@given(st.integers(0, 700), st.integers(0, 2**32), st.integers(0, 30), st.sampled_from([0, 10]))
def test_random_divergence_is_found_and_repaired(count, seed, wrong, common):
    random = Random(seed)
    ids = sorted({"a" * common + f"{random.getrandbits(64):016x}" for _ in range(count)})
    truth = dict.fromkeys(ids, 1)
    held = dict(truth)
    for _ in range(wrong):
        id = random.choice([*ids, f"{random.getrandbits(64):016x}"])
        if random.random() < 0.5:
            held.pop(id, None)
        else:
            held[id] = random.randint(1, 3)
    mend(store_of(ids), held)
    assert held == truth


def test_one_garbled_record_among_many_takes_few_questions():
    random = Random(1)
    ids = [f"{random.getrandbits(64):016x}" for _ in range(5000)]
    held = dict.fromkeys(ids, 1) | {ids[7]: 9}
    assert mend(store_of(ids), held) <= 4
    assert held[ids[7]] == 1


def test_a_prefix_that_does_not_exist_agrees_when_empty_and_is_cleared_when_not():
    store = store_of(["a1", "a2"])
    ask = lambda have: answer_verify(  # noqa: E731  # shortest here
        MemorySnapshot(store.tables), VerifyRequest(bucket="b", have={"ff": have})
    )
    assert ask(Digest(n=0, d="0" * 16)).differ == []
    (branch,) = ask(Digest(n=2, d="1" * 16)).differ
    assert (branch.prefix, branch.records, branch.narrower) == ("ff", [], None)


def test_a_leaf_answers_with_the_records_themselves_and_more_with_narrower_digests():
    for count, is_leaf in ((LEAF_MAX, True), (LEAF_MAX + 1, False)):
        store = store_of([f"{n:08x}" for n in range(count)])
        empty = {"": Digest(n=0, d="0" * 16)}
        (branch,) = answer_verify(MemorySnapshot(store.tables), VerifyRequest(bucket="b", have=empty)).differ
        assert (branch.records is not None) == is_leaf


def test_a_bucket_out_of_scope_does_not_exist():
    bank = Bank()
    pad = bank.pad()
    with pytest.raises(NotFound):
        bank.engine.verify(VerifyRequest(bucket="branch:9999", have={"": Digest(n=0, d="0" * 16)}), pad.actor)


def test_a_difference_is_an_incident_and_agreement_is_none():
    bank = Bank()
    pad = bank.pad()
    bank.customer()
    have = {"": pad.pull().digests["portfolio:p-1"]}
    bank.engine.verify(VerifyRequest(bucket="portfolio:p-1", have=have), pad.actor)
    assert f"install:{pad.install_id}" not in bank.store.tables.audit
    bank.engine.verify(VerifyRequest(bucket="portfolio:p-1", have={"": Digest(n=0, d="0" * 16)}), pad.actor)
    ((entry, _),) = bank.store.tables.audit[f"install:{pad.install_id}"]
    assert (entry.action, entry.subject) == ("integrity", "portfolio:p-1")
