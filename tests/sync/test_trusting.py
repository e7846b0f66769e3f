"""The server's own pen writes the same bodies as the contract's struct, for every kind."""

import msgspec
import pytest

from backend.registry import KINDS
from sync.trusting import trusting_struct

encode = msgspec.json.Encoder(order="deterministic").encode


@pytest.mark.parametrize("name", sorted(KINDS))
def test_both_structs_have_the_same_fields_in_the_same_order(name):
    kind = KINDS[name]
    trusting = trusting_struct(kind.record, kind.hints, kind.stamped)
    told, known = msgspec.structs.fields(trusting), msgspec.structs.fields(kind.record)
    assert [(one.name, one.default, one.required) for one in told] == [
        (one.name, one.default, one.required) for one in known
    ]
    assert trusting.__struct_fields__ == kind.record.__struct_fields__


def test_what_a_tablet_can_name_is_checked_as_before_and_what_it_cannot_by_its_type():
    form = KINDS["form"]
    body = {"branch_id": "3501", "template_id": "01970000-0000-7000-8000-000000000001", "state": "draft"}
    assert form.validate(body | {"author": "no staff number!"}) == encode(msgspec.convert(body, form.record)).replace(
        b"}", b',"author":"no staff number!"}'
    )
    for wrong in ({"template_id": "no id"}, {"author": 7}, {"state": "no state"}):
        with pytest.raises(msgspec.ValidationError):
            form.validate(body | wrong)
