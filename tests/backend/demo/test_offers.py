"""What the demonstration bank offers is what recommendations and talks need."""

from typing import Any

import pytest

from backend.demo.bank import make_bank
from backend.domain.catalog.policy import check_script
from backend.domain.marketing.rules.cap import MARKETING_STAGES
from contracts.kinds.reminder import SORTS


@pytest.fixture(scope="module")
def catalog():
    found: dict[str, dict[str, Any]] = {}
    for put in make_bank(1, "2026-11-21T00:00:00.000Z", customers=1).catalog:
        found.setdefault(put.kind, {})[put.id] = put.body
    return found


def listed(catalog, code):
    (found,) = [body for body in catalog["code_list"].values() if body["code"] == code]
    return {choice["code"] for choice in found["choices"]}


def test_every_product_that_is_marketed_but_the_plainest_has_a_script_that_a_tablet_finds_by_it(catalog):
    told = {id for script in catalog["script"].values() for id in script["products"]}
    silent = {body["code"] for id, body in catalog["product"].items() if id not in told}
    assert told <= catalog["product"].keys()
    assert silent == {"D101", "L203", "C301"}


def test_every_talk_takes_a_no_and_notes_only_what_a_contact_can_be(catalog):
    for script in catalog["script"].values():
        stages = {
            answer["stage"] for step in script["steps"] for answer in step.get("answers", []) if "stage" in answer
        }
        assert "refused" in stages
        assert stages <= MARKETING_STAGES


def test_products_speak_of_labels_and_reminders_that_there_are(catalog):
    for body in catalog["product"].values():
        assert set(body.get("labels", [])) <= listed(catalog, "potential_label")
        assert set(body.get("after", [])) <= set(SORTS)
        assert set(body.get("sold_at", [])) <= {org["org_id"] for org in catalog["org"].values()}


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([{"key": "a", "answers": [{"text": "ja", "next": "b"}]}], "`steps` must include b"),
        ([{"key": "a"}, {"key": "a"}], "`steps` must have keys of their own"),
        ([{"key": "a", "answers": [{"text": "ja"}]}], None),
    ],
)
def test_a_script_that_leads_nowhere_is_refused(steps, wrong):
    assert check_script({"steps": steps}) == wrong
