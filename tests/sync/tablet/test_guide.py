"""The guide for client authors shows messages that are what the contract says, and signatures that verify."""

import re
from pathlib import Path

import msgspec
import pytest

from contracts import auth, errors, hello, leases, pull, purges, push, verify
from contracts.kinds import visit
from contracts.push import Mutation
from sync.purges import receipt_payload
from sync.signing import canonical, hash_hex
from sync.signing import verify as is_signed
from sync.tablet.events import read_events

GUIDE = (Path(__file__).parents[3] / "docs" / "writing-a-tablet.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json (\w+)\n(.*?)```", GUIDE, re.DOTALL)
MODULES = (auth, errors, hello, leases, pull, purges, push, verify, visit)
SAID_BY_TABLETS = [
    "EnrolRequest", "SignInRequest", "RefreshRequest", "PushRequest", "PullRequest", "VerifyRequest", "LeaseRequest",
    "LeaseReturn", "PurgeAckRequest",
]  # fmt: skip


def message(name):
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def example(name):
    return next(text for shown, text in EXAMPLES if shown == name)


def public_key():
    said = msgspec.json.decode(example("EnrolRequest"), type=auth.EnrolRequest)
    return msgspec.json.encode(said.public_key)


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_is_what_the_contract_says(name, text):
    decoded = msgspec.json.decode(text, type=message(name), strict=True)
    assert msgspec.json.decode(text).keys() <= set(decoded.__struct_fields__)


def test_every_message_of_a_tablet_and_its_answer_is_shown():
    shown = {name for name, _ in EXAMPLES}
    assert shown >= set(SAID_BY_TABLETS)
    assert shown >= {"HelloResponse", "TokenResponse", "PushResponse", "PullResponse", "VerifyResponse", "Lease"}


def test_the_mutations_shown_are_whole_and_every_operation_but_delete_is_among_them():
    said = msgspec.json.decode(example("PushRequest"), type=push.PushRequest)
    mutations = [msgspec.json.decode(raw, type=Mutation) for raw in said.mutations]
    assert {it.op.value for it in mutations} == {"create", "patch", "transition", "append", "propose"}


def test_the_evidence_shown_is_signed_by_the_key_shown_and_hashes_to_what_is_said():
    said = msgspec.json.decode(example("PushRequest"), type=push.PushRequest)
    evidence = next(msgspec.json.decode(raw) for raw in said.mutations if b'"sig"' in bytes(raw))
    without_sig = {name: value for name, value in evidence.items() if name != "sig"}
    assert is_signed(public_key(), canonical(without_sig), evidence["sig"])
    assert hash_hex(canonical(evidence)) in GUIDE.split("```text hash of mutation 5")[1].split("```")[0]


def test_the_receipt_shown_is_signed_by_the_key_shown():
    (receipt,) = msgspec.json.decode(example("PurgeAckRequest"), type=purges.PurgeAckRequest).receipts
    assert is_signed(public_key(), receipt_payload(receipt), receipt.sig)


def test_the_poke_shown_is_read():
    stream = GUIDE.split("```text event stream\n")[1].split("```")[0]
    assert list(read_events([*stream.splitlines(), ""])) == [("poke", '{"heads":{"branch:3501":5122}}')]


def test_every_file_the_guide_names_is_there():
    folder = Path(__file__).parents[3] / "sync" / "tablet"
    named = set(re.findall(r"`(\w+\.py)`", GUIDE))
    assert named
    assert [name for name in named if not (folder / name).exists()] == []
