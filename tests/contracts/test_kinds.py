"""What every kind declares: classes of privacy, ways to merge, whole lives, and names that exist."""

import msgspec
import pytest

from backend.registry import KINDS
from contracts.base import BusinessDate, OrgId, RecordId, Sha256Hex, StaffNo
from contracts.kinds import RECORDS
from contracts.leases import Series
from contracts.policy import Merge, Op
from contracts.privacy import SECRET_NAMES, Privacy
from sync.secrets import is_secret

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)

# requirements.md section 2, row by row, as far as a kind has such fields.
C2 = {
    "customer": "name birth_year certificate_tail phone home_phone work_phone email home_address mail_address"
    " contact_note places",
    "holding": "account_tail balance_fen product_id",
    "form": "name phone amount_fen values",
    "visit": "content people_met check_in check_out next_step",
    "visit_grade": "distance_m review_reason steps",
    "visit_reply": "text",
    "request": "believed proposed crm_values",
    "review": "fields mutation",
}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in C2.items() for field in fields.split()])
def test_a_field_that_identifies_or_tells_of_money_is_of_class_c2(kind, field):
    assert KINDS[kind].privacy[field] is Privacy.C2


@each_kind
def test_no_kind_has_a_field_for_what_authenticates_a_person(kind):
    assert not [name for name in kind.policies if is_secret(name)]
    assert Privacy.C3 not in kind.privacy.values()


def test_every_secret_name_is_recognised():
    assert all(map(is_secret, SECRET_NAMES))


def test_every_record_of_the_contract_is_registered_and_no_other():
    assert {record.kind: record for record in RECORDS} == {name: kind.record for name, kind in KINDS.items()}


@each_kind
def test_what_a_kind_names_exists(kind):
    record, fields = kind.record, set(kind.policies)
    assert record.proposable <= fields
    assert {reference.field for reference in record.references} <= fields
    assert {reference.kind for reference in record.references} <= KINDS.keys()
    assert kind.fixed <= fields
    if kind.life:
        assert kind.life.facts <= fields - {kind.life.field}
        assert not kind.life.facts & kind.stamped


@each_kind
def test_operations_fit_the_kind(kind):
    ops = kind.record.ops
    assert (Op.APPEND in ops) == kind.record.is_evidence
    assert Op.TRANSITION not in ops or kind.life is not None
    assert (Op.PROPOSE in ops) == bool(kind.record.proposable) == (kind.propose is not None)
    assert not kind.record.is_evidence or ops == {Op.APPEND}
    assert "prev" in kind.policies or not kind.record.is_evidence


@each_kind
def test_a_policy_fits_the_values_it_merges(kind):
    for name, policy in kind.policies.items():
        if policy is Merge.UNION:
            assert "frozenset" in str(kind.hints[name])
        if policy in (Merge.MAX, Merge.MIN):
            assert any(word in str(kind.hints[name]) for word in ("int", "bool", "str")), name


@each_kind
def test_a_field_at_its_default_stays_off_the_wire_and_comes_back(kind):
    assert set(kind.read(b"{}")) == set(kind.defaults)
    assert all(name in kind.defaults or name in kind.record.__struct_fields__ for name in kind.policies)


@pytest.mark.parametrize(
    ("type_", "good"),
    [(RecordId, "0197a3c0-0000-7000-8000-000000000001"), (BusinessDate, "2026-11-21"), (OrgId, "3501"),
     (StaffNo, "s-1"), (Series, "A1"), (Sha256Hex, "0" * 64)],
)  # fmt: skip
def test_a_bounded_name_is_nothing_more_and_nothing_less(type_, good):
    assert msgspec.convert(good, type_) == good
    for bad in (good + "\n", good + " ", "\n" + good, good + "\x00", good + "é", ""):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, type_)


def test_a_date_is_written_in_plain_digits():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("２０２６-11-21", BusinessDate)
