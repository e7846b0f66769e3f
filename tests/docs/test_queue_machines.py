"""The page for makers of queue machines works as printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.support.server import serving

PAGE = (Path(__file__).parents[2] / "docs" / "queue-machines.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def served(tmp_path):
    """A served demonstration bank, as environment variables for a shell."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")}
    folder = tmp_path / "bank"
    environ = clean | {"PADSYNC_DATA_DIR": str(folder), "PATH": f"{BIN}:{os.environ['PATH']}"}
    seed = ["padsync", "seed-demo", "--write-credentials", str(tmp_path / "who.json"), "--customers", "10"]
    subprocess.run(seed, env=environ, check=True, capture_output=True, cwd=tmp_path)
    with serving(folder) as server:
        yield environ | {"URL": server.url}


def test_every_command_on_the_page_is_answered_as_it_says(served):
    session = "\necho\n".join(blocks("sh"))
    done = subprocess.run(["sh", "-eu", "-c", session], env=served, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said, leased = [msgspec.json.decode(line) for line in done.stdout.splitlines() if line]
    shown, block = [msgspec.json.decode(text) for text in blocks("json")]
    assert [answer["status"] for answer in said["answers"]] == ["done"] * 3
    assert [answer.keys() for answer in said["answers"]] == [answer.keys() for answer in shown["answers"]]
    assert said["answers"][2]["display"] == "A001"
    assert leased.keys() == block.keys()
