"""The office on both databases."""

import pytest

from tests.backend.visits.reviews.office import Office
from tests.support.databases import open_store


@pytest.fixture
def office(url):
    with open_store(url) as store:
        yield Office(store)
