"""A town, and people who work in it."""

import pytest

from tests.sync.tablet.town import FIELD, Person, Town


@pytest.fixture
def town():
    return Town()


@pytest.fixture
def wang():
    return Person("M001")


@pytest.fixture
def lin():
    return Person("M002")


@pytest.fixture
def chen():
    return Person("F001", FIELD, {"p1"})
