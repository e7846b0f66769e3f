"""The evidence chain: signed, linked, countersigned, and never refused for a doubt (protocol.md §5, I9)."""

import msgspec
import pytest

from contracts.review import Decision
from sync.chain import judge_link
from sync.errors import Malformed
from sync.parcels import unpack
from sync.signing import canonical, hash_hex, new_key, sign, verify, write_public_jwk
from tests.sync.bank import SERVER_KEY, code


def evidence(bank):
    return list(bank.store.tables.evidence.values())


def check_chain(bank, pad):
    """Verify every piece of an install's evidence from what was stored alone, as an auditor would (I9)."""
    install = bank.store.tables.installs[pad.install_id]
    previous = ""
    for one in sorted(evidence(bank), key=lambda one: one.n):
        said = msgspec.json.decode(one.mutation)
        assert one.hash == hash_hex(canonical(said))
        assert one.prev == said["set"]["prev"] == previous
        assert verify(install.public_key, canonical({k: v for k, v in said.items() if k != "sig"}), said["sig"])
        assert verify(write_public_jwk(SERVER_KEY.public_key()), sealed_by(bank, one), one.countersignature)
        previous = one.hash
    assert install.evidence_head == previous


def sealed_by(bank, one):
    """What a countersignature covers: the hashes of all evidence that bears it, in the order of `n`, and the moment."""
    together = [other for other in evidence(bank) if other.countersignature == one.countersignature]
    hashes = ",".join(other.hash for other in sorted(together, key=lambda other: other.n))
    return f"{hashes}|{one.received_at}".encode()


def test_all_evidence_of_a_push_has_one_countersignature_and_the_next_push_another(bank, pad):
    customer = bank.customer()
    pad.push(*[pad.visit(customer) for _ in range(3)])
    pad.push(pad.visit(customer))
    check_chain(bank, pad)
    assert len({one.countersignature for one in evidence(bank)}) == 2
    for one in evidence(bank):
        assert bank.body("visit", one.id)["countersignature"] == one.countersignature


def test_evidence_that_comes_again_is_sealed_apart_from_what_is_new(bank, pad):
    customer = bank.customer()
    twice = pad.visit(customer)
    pad.push(twice)
    bank.store.tables.installs[pad.install_id] = msgspec.structs.replace(
        bank.store.tables.installs[pad.install_id], ack_n=0
    )  # as after a restore that the evidence, kept elsewhere, survived
    bank.store.tables.remembered.clear()
    pad.push(twice, pad.visit(customer))
    check_chain(bank, pad)


def test_evidence_is_kept_as_it_came_and_verifies_from_what_is_stored(bank, pad):
    customer = bank.customer()
    visits = [pad.visit(customer) for _ in range(3)]
    assert [one.flags for one in pad.push(*visits)] == [[], [], []]
    check_chain(bank, pad)
    body = bank.body("visit", visits[1]["id"])
    assert body["hash"] == hash_hex(canonical(visits[1]))
    assert (body["author"], body["install_id"], body["received_at"]) == ("s-1", pad.install_id, bank.at)


def test_a_flipped_bit_anywhere_in_evidence_is_found(bank, pad):
    raw = msgspec.json.encode(pad.visit(bank.customer()))
    jwk = write_public_jwk(pad.key.public_key())
    for at in range(len(raw)):
        for bit in (1, 2, 32):
            try:
                (parcel,) = unpack([msgspec.Raw(raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :])], jwk)
            except Malformed:  # not even its number can be read
                continue
            assert parcel.problem is not None or not parcel.is_signed


def test_evidence_without_a_signature_or_with_a_wrong_one_is_parked_and_alarms(bank, pad):
    customer = bank.customer()
    unsigned = {name: value for name, value in pad.visit(customer).items() if name != "sig"}
    wrong = {**pad.visit(customer), "sig": "AAAA"}
    foreign = pad.say("visit", "append", set=unsigned["set"])
    foreign["sig"] = sign(new_key(), canonical(foreign))
    assert [code(one) for one in pad.push(unsigned, wrong, foreign)] == ["bad_signature"] * 3
    assert evidence(bank) == []
    alarms = [entry.result for entry, _ in bank.store.tables.audit[f"install:{pad.install_id}"]]
    assert alarms == ["ok", "bad_signature", "bad_signature", "bad_signature"]


def test_a_wrong_signature_parks_any_mutation_and_a_right_one_is_welcome(pad):
    ticket = pad.ticket()
    signed = {**ticket, "sig": sign(pad.key, canonical(ticket))}
    other = pad.ticket(2)
    assert [code(one) for one in pad.push(signed, {**other, "sig": signed["sig"]})] == [None, "bad_signature"]


def test_what_never_arrived_leaves_a_gap_that_is_flagged(bank, pad):
    customer = bank.customer()
    pad.visit(customer)
    pad.n = 0
    assert pad.do(pad.visit(customer)).flags == ["chain_gap"]


def test_two_that_follow_the_same_one_are_a_fork_that_alarms_and_both_are_accepted(bank, pad):
    customer = bank.customer()
    pad.do(pad.visit(customer))
    clone = pad.prev
    pad.do(pad.visit(customer))
    pad.prev = clone
    outcome = pad.do(pad.visit(customer))
    assert (outcome.status, outcome.flags) == ("applied", ["chain_fork"])
    (review,) = bank.reviews(cause="chain_fork")
    assert (review["sort"], review["must_act"]) == ("flag", "administrator")
    assert bank.store.tables.audit[f"install:{pad.install_id}"][-1][0].result == "chain_fork"


def test_the_chain_goes_on_over_evidence_that_was_parked(bank, pad):
    far, near = bank.customer("p-9"), bank.customer()
    parked, unknown = pad.visit(far), pad.say("contact_of_tomorrow", "append", set={"prev": pad.prev})
    outcomes = pad.push(parked, pad.sign(unknown), pad.visit(near))
    assert [(code(one), one.flags) for one in outcomes] == [("not_in_scope", []), ("kind_unknown", []), (None, [])]
    check_chain(bank, pad)


def test_evidence_that_is_tried_again_does_not_fork_the_chain(bank, pad):
    far = bank.customer("p-9")
    parked = pad.visit(far)
    pad.push(parked, pad.visit(bank.customer()))
    bank.decide(bank.reviews()[0], Decision.RETRY, bank.supervisor())
    assert bank.body("visit", parked["id"])["flags"] == []
    assert bank.reviews(cause="chain_fork") == []
    check_chain(bank, pad)
    assert pad.do(pad.visit(bank.customer())).flags == []


@pytest.mark.parametrize("prev", [None, 5, [], {}, "x", "0" * 63, "A" * 64, "0" * 64 + "\n", "\x00"])
def test_a_link_that_can_be_none_is_a_gap_and_the_visit_is_parked(bank, pad, prev):
    outcome = pad.do(pad.visit(bank.customer(), prev=prev))
    assert code(outcome) == "validation_failed"
    assert [one.prev for one in evidence(bank)] == [""]
    assert pad.do(pad.visit(bank.customer())).flags == []


@pytest.mark.parametrize(
    ("prev", "head", "fault"),
    [("", "", None), ("h2", "h2", None), ("h1", "h2", "chain_fork"), ("", "h2", "chain_fork"),
     ("h9", "h2", "chain_gap"), (None, "", "chain_gap"), ("h1", "", "chain_fork")],
)  # fmt: skip
def test_a_link_is_judged_by_the_head_and_by_what_was_seen(prev, head, fault):
    judged = judge_link(prev, head, {"h1", "h2"}.__contains__)
    assert (judged and judged.code) == fault


def test_an_amendment_is_new_evidence_that_names_the_original(bank, pad):
    customer = bank.customer()
    first = pad.visit(customer)
    amended = pad.visit(customer, amends=first["id"], content="正确的内容")
    assert [one.status for one in pad.push(first, amended)] == ["applied", "applied"]
    assert bank.body("visit", amended["id"])["amends"] == first["id"]


def test_signed_numbers_and_texts_of_all_sorts_are_the_devices_word(bank, pad):
    fix = {"lat": 26.0745, "lon": 1e-7, "accuracy_m": 100.0, "fix_wall_time": bank.at, "altitude_m": -0.0}
    visit = pad.visit(bank.customer(), content="é😀\u2028\ud7ff\ue000", check_in=[fix], people_met=["李", "\x7f"])
    assert pad.do(visit).status == "applied"
    check_chain(bank, pad)


def test_a_number_that_canonical_json_cannot_carry_is_parked(bank, pad):
    visit = {**pad.visit(bank.customer()), "more": 2**60}
    assert code(pad.do(visit)) == "validation_failed"
