"""Filling a form at random, as a customer would answer: by the same rules that tablets and the server check it with."""

from datetime import date
from random import Random
from typing import Any

from backend.demo.customers import PHONE_PREFIX
from backend.demo.people import draw_name
from backend.domain.forms.rules.checking import check_form, missing_papers
from backend.domain.forms.rules.filling import codes_of
from backend.identifiers import check_digit
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.template import TemplateField

DIVISIONS = ("350102", "350203", "350301", "350502")
CREDIT_CODE = "9111000010169286X1"  # well-formed, and of nobody whom the demonstration knows
ROUNDS_MAX = 6  # an answer may ask for another


def fill_form(random: Random, template: FormTemplate, values: Body, today: date) -> Body:
    """Return a patch that answers all that a form lacks, the papers that it needs included."""
    answers: Body = {}
    for _ in range(ROUNDS_MAX):
        lacking = {lack.key for lack in check_form(template, values | answers, today)}
        answers |= {field.key: _answer(random, template, field) for field in template.fields if field.key in lacking}
    papers = {f"papers.{paper.code}": True for paper in missing_papers(template, values | answers, {})}
    return {f"values.{key}": value for key, value in answers.items()} | papers


def draw_identity(random: Random) -> str:
    """Return a well-formed identity number of somebody who was never born."""
    born = date(random.randint(1950, 2004), random.randint(1, 12), random.randint(1, 28))
    digits = f"{random.choice(DIVISIONS)}{born:%Y%m%d}{random.randint(0, 999):03d}"
    return digits + check_digit(digits)


def _answer(random: Random, template: FormTemplate, field: TemplateField) -> Any:
    match field.type:
        case "choice" if field.key == "certificate_kind":
            return "10"
        case "choice":
            return random.choice(codes_of(template, field)).code
        case "flag":
            return True if field.must_be else random.random() < 0.1
        case "number":
            return random.randint(max(field.least or 1, 1), min(field.most or 60, 60))
        case "amount":
            return random.randint(1, 500) * 100_000
        case "date":
            return f"20{random.randint(27, 45)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
        case "certificate":
            return draw_identity(random)
        case "uscc":
            return CREDIT_CODE
        case "tail":
            return f"{random.randint(0, 9999):04d}"
        case "phone":
            return f"{PHONE_PREFIX}{random.randint(0, 9999):04d}"
        case "postcode":
            return f"35{random.randint(0, 9999):04d}"
        case "email":
            return f"kehu{random.randint(1, 999)}@example.com"
        case _:
            return draw_name(random, random.choice("FM")) if "name" in field.key else "福州市某处"
