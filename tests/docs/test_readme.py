"""Every command in the README works as it is printed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from backend.cli import COMMANDS
from backend.demo.day.server import free_port
from backend.demo.session import write_session

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent


def blocks(language):
    """Return the README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def curl_session():
    (session,) = [block for block in blocks("sh") if "curl" in block]
    return session


@pytest.fixture
def served(tmp_path):
    """What `make run` does, on a free port and in a folder of this test; returns (url, data folder)."""
    port, data_dir = free_port(), tmp_path / "bank"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")}
    environ |= {"PADSYNC_PORT": str(port), "PADSYNC_DATA_DIR": str(data_dir)}
    with (tmp_path / "out").open("wb") as out:
        server = subprocess.Popen(
            [BIN / "padsync", "demo", "--serve"], env=environ, stdout=out, stderr=out, cwd=tmp_path
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(server, url)
        yield url, data_dir
    finally:
        server.terminate()
        server.wait(30)


def wait_until_ready(server, url):
    for _ in range(600):
        assert server.poll() is None, "the server ended by itself"
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the server never became ready")


def test_the_curl_session_works_as_printed(served, tmp_path):
    url, data_dir = served
    session = curl_session().replace("http://127.0.0.1:8000", url).replace("build/demo", str(data_dir))
    environ = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-eu", "-c", session], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    enrolled, pushed, again, pulled = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    assert enrolled.keys() == {"install_id", "device_id"}
    assert [outcome["status"] for outcome in pushed["outcomes"]] == ["applied"]
    assert again == pushed
    (change,) = pulled["changes"]
    assert (change["k"], change["d"]["name"], change["v"]) == ("form", "林小燕", 1)
    assert pulled["ack_n"] == 1


def test_what_make_run_prints_is_the_readmes_session():
    printed = write_session("http://127.0.0.1:8000", "build/demo")
    assert printed in curl_session()


def test_every_make_target_in_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert named
    assert named <= targets


def test_every_page_that_the_readme_points_to_is_there():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_points_to_every_page_there_is():
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"](docs/{page.name})" not in README] == []


def test_every_command_in_the_readme_is_a_command():
    spoken = "\n".join(line for line in README.splitlines() if "docker" not in line)
    named = set(re.findall(r"\bpadsync ([a-z]+(?:-[a-z]+)*)\b", spoken))
    assert named >= {"enrolment-code", "device-key", "sign-proof", "add-org", "create-admin", "settings"}
    assert named <= COMMANDS.keys()
