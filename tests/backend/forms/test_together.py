"""Two lobby managers without a line fill one form; what they typed meets field by field."""

import pytest

from backend.demo.templates import list_templates
from backend.domain.forms.rules.checking import check_form, missing_papers
from backend.domain.forms.rules.filling import as_patch, prefill
from tests.backend.forms.paper import IDENTITY, TODAY, card, complete_values, template
from tests.sync.tablet.town import LOBBY, Person, Town


class Pair:
    """Two tablets of one branch, and a form that both hold."""

    def __init__(self) -> None:
        self.town = Town()
        body = next(body for body in list_templates() if body["code"] == "customer_change")
        template_id = self.town.put("form_template", body)
        people = [Person(staff_no, LOBBY) for staff_no in ("L1", "L2")]
        self.one, self.two = (self.town.tablet(person) for person in people)
        filled = as_patch(prefill(template("customer_change"), card(), TODAY))
        self.id = self.one.create("form", {"branch_id": "3501", "template_id": template_id}).id
        self.one.patch("form", self.id, filled)
        self.sync()

    def sync(self) -> None:
        for _ in range(2):
            self.one.sync()
            self.two.sync()

    def body(self, tablet):
        return tablet.view("form", self.id).body


@pytest.fixture
def pair():
    return Pair()


def test_what_was_prefilled_is_on_both_tablets_with_source_and_age(pair):
    body = pair.body(pair.two)
    assert body["values"]["phone"] == "13800000000"
    assert body["sources"]["phone"] == {"source": "crm", "as_of": "2026-11-19T16:00:00.000Z", "was": "13800000000"}


def test_two_people_who_fill_different_fields_without_a_line_lose_nothing(pair):
    rest = {
        f"values.{key}": value
        for key, value in complete_values(template("customer_change"), certificate_no=IDENTITY).items()
        if key not in pair.body(pair.one)["values"]
    }
    names = sorted(rest)
    pair.one.patch("form", pair.id, {name: rest[name] for name in names[::2]})
    pair.two.patch("form", pair.id, {name: rest[name] for name in names[1::2]} | {"papers.id_paper": True})
    pair.sync()
    body = pair.body(pair.one)
    assert body == pair.body(pair.two)
    assert check_form(template("customer_change"), body["values"], TODAY) == []
    assert missing_papers(template("customer_change"), body["values"], body["papers"]) == []
    pair.two.transition("form", pair.id, "complete")
    pair.sync()
    assert pair.body(pair.one)["state"] == "complete"


def test_two_answers_to_one_question_wait_for_a_supervisor_and_the_first_stands(pair):
    pair.one.patch("form", pair.id, {"values.phone": "13900000000"})
    pair.two.patch("form", pair.id, {"values.phone": "13700000000"})
    pair.one.sync()
    pair.two.sync()
    pair.sync()
    assert pair.body(pair.two)["values"]["phone"] == "13900000000"
    reviews = pair.town.store.read(lambda look: [look.tables.records[key] for key in look.tables.records])
    assert sum(stored.kind == "review" and b"13700000000" in stored.body for stored in reviews) == 1


def test_whoever_says_complete_too_early_is_told_what_lacks(pair):
    asked = pair.one.transition("form", pair.id, "complete")
    pair.one.sync()
    problem = pair.one.outcomes()[asked.n].problem
    assert problem is not None
    assert "证件号码未填写" in problem.args["wrong"]
    pair.sync()
    assert pair.body(pair.one)["state"] == "draft"
