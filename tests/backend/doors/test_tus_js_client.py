"""A client that we did not write uploads, loses its process in the middle, and resumes."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.backend.doors.real import bank

NODE = Path(__file__).parents[2] / "node"
PHOTO = os.urandom(300_000)
PART_BYTES = 64_000


@pytest.fixture(scope="module")
def tablet(tmp_path_factory):
    with bank(tmp_path_factory.mktemp("bank") / "data") as real:
        yield real.tablet("lobby")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(PHOTO)
    return path


def upload(tablet, photo: Path, hang_up_after: int = 0) -> dict[str, Any]:
    """Run tus-js-client under Node and return what it said last."""
    node = shutil.which("node")
    assert node, "Node is needed; `make test` installs it"
    done = subprocess.run(
        [
            node, "upload.mjs", f"{tablet.client.base_url}/api/v1/files", str(photo), str(PART_BYTES),
            tablet.tablet.bearer, tablet.install_id, str(photo.with_suffix(".uploads")), str(hang_up_after),
        ],
        cwd=NODE, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_tus_js_client_uploads_a_file(tablet, photo):
    done = upload(tablet, photo)
    assert done["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert tablet.get(f"/files/by-hash/{done['sha256']}").content == PHOTO


def test_tus_js_client_resumes_where_it_was_interrupted(tablet, photo):
    interrupted = upload(tablet, photo, hang_up_after=2 * PART_BYTES)
    assert 2 * PART_BYTES <= interrupted["hung_up_at"] < len(PHOTO)
    done = upload(tablet, photo)
    assert done["resumed"] == interrupted["url"] == done["url"]
    assert done["sha256"] == hashlib.sha256(PHOTO).hexdigest()
