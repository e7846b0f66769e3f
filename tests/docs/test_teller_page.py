"""The commands of docs/teller-systems.md do what the page says."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.auth.partners import PartnerSort, add_partner
from sync.store import Key
from tests.backend.doors.real import bank

PATH = {"PATH": os.environ["PATH"]}
PAGE = Path(__file__).parents[2] / "docs" / "teller-systems.md"


@pytest.fixture(scope="module")
def branch(tmp_path_factory):
    with bank(tmp_path_factory.mktemp("bank")) as running:
        yield running


def test_a_form_is_fetched_and_told_of_as_the_page_says(branch, tmp_path):
    assert shutil.which("curl"), "the page speaks curl"
    tablet = branch.tablet("L1")
    begun = tablet.form()
    moves = [tablet.mutation("form", "transition", id=begun["id"], set={"to": to}) for to in ("complete", "confirmed")]
    tablet.push(begun, *moves)
    stored = branch.house.store.read(lambda look: look.records([Key("form", begun["id"])]))[Key("form", begun["id"])]
    key = add_partner(branch.house.auth, PartnerSort.TELLER, "3501", "counter", "test").key
    words = {"URL": branch.server.url, "KEY": key, "CODE": json.loads(stored.body)["pick_up_code"]} | PATH
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    told = subprocess.run(
        ["bash", "-ec", commands], env=words, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = (tmp_path / "loaded.json").read_text(encoding="utf-8")
    assert json.loads(loaded)["form_id"] == begun["id"]
    assert json.loads(loaded)["confirmed_at"] <= json.loads(loaded)["loaded_at"]
    ended = json.loads(told.stdout.removeprefix(loaded))
    assert (ended["state"], ended["changed"]) == ("changed", ["phone"])
