"""No change of the wire slips through: the contract and a sample of every message lie beside this test.

A change that is meant: raise SCHEMA or PROTOCOL if old tablets must know, add a line with the new hash to
docs/wire-versions.md, then `python -m tests.contracts.test_golden` writes the files anew.
"""

import re
from pathlib import Path

import msgspec
import pytest

from contracts.export import contract_hash, export_contract, hash_of, message_schemas
from contracts.version import PROTOCOL, SCHEMA
from tests.contracts.wire_samples import SAMPLES

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = Path(__file__).parents[2] / "docs" / "wire-versions.md"


def written(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1).decode() + "\n"


def samples_written() -> str:
    return msgspec.json.format(msgspec.json.encode(SAMPLES), indent=1).decode() + "\n"


def versions() -> list[tuple[str, str, str]]:
    """Return (protocol, schema, contract hash) of every version that was ever shipped, oldest first."""
    return re.findall(r"^\| (v\d+) \| (\d+) \| `([0-9a-f]{64})` \| .+ \|$", VERSIONS.read_text("utf-8"), re.MULTILINE)


def test_the_newest_line_of_the_wire_versions_names_this_contract():
    assert versions()[-1] == (PROTOCOL, str(SCHEMA), contract_hash()), f"the wire has changed: {contract_hash()}"


def test_the_contract_is_the_one_that_was_written_down():
    assert (GOLDEN / "contract.json").read_text("utf-8") == written(export_contract())


def test_every_sample_still_looks_as_it_did_on_the_wire():
    assert (GOLDEN / "samples.json").read_text("utf-8") == samples_written()


def test_every_sample_is_read_back_as_it_was():
    kept = msgspec.json.decode((GOLDEN / "samples.json").read_bytes(), type=dict[str, msgspec.Raw])
    for name, sample in SAMPLES.items():
        again = msgspec.json.decode(kept[name], type=type(sample))
        assert msgspec.json.decode(msgspec.json.encode(again)) == msgspec.json.decode(kept[name])


def test_there_is_a_sample_of_every_message():
    inside = {"ReviewItem", "Mutation"}  # shown as parts of others
    assert {type(sample).__name__ for sample in SAMPLES.values()} | inside >= {
        name for name in message_schemas() if name.endswith(("Request", "Response", "Page", "Document"))
    }


def test_an_explanation_may_change_without_a_new_version():
    contract = export_contract()
    contract.pop("contract_hash")
    contract["errors"]["malformed"]["meaning"] = "Something else."
    assert hash_of(contract) == contract_hash()


@pytest.mark.parametrize("part", ["kinds", "messages", "errors"])
def test_a_part_that_is_gone_is_another_contract(part):
    contract = export_contract()
    contract.pop("contract_hash")
    contract[part].popitem()
    assert hash_of(contract) != contract_hash()


def write_golden() -> None:
    """Write down the contract and the samples as they are now."""
    (GOLDEN / "contract.json").write_text(written(export_contract()), "utf-8")
    (GOLDEN / "samples.json").write_text(samples_written(), "utf-8")


if __name__ == "__main__":
    write_golden()
