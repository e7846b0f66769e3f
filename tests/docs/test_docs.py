"""What docs/ says is what the code does."""

from pathlib import Path

import pytest

from backend.settings import write_settings_table
from backend.web.error_page import error_page
from contracts.errors import ErrorCode

DOCS = Path(__file__).parents[2] / "docs"


def test_the_error_page_is_up_to_date():
    hint = "python -m backend.web.error_page > docs/errors.md"
    assert (DOCS / "errors.md").read_text(encoding="utf-8") == error_page(), hint


def test_the_settings_on_the_operators_page_are_those_that_there_are():
    assert write_settings_table() in (DOCS / "operations.md").read_text(encoding="utf-8"), "padsync settings"


@pytest.mark.parametrize("error", ErrorCode, ids=lambda error: error.code)
def test_every_error_code_says_what_it_means_who_acts_and_whether_to_retry(error):
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    section = page.split(f"\n### {error.code}\n")[1].split("\n### ")[0]
    assert error.meaning in section
    assert "Who acts: " in section
    assert "A retry " in section


def test_the_glossary_tells_each_word_once():
    rows = [
        line.split("|")[1] for line in (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines() if "|" in line
    ]
    words = [word.strip() for row in rows for word in row.split(",")]
    assert len(words) > 100
    assert sorted(words) == sorted(set(words))
