"""The real server in its own process, on a free port of this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from backend.demo.day.server import free_port

START_S_MAX = 60
STOP_S_MAX = 40
PROGRAM = (
    "import os, sys; from backend.settings import read_settings; from backend.serve import run_server; "
    "run_server(read_settings(os.environ))"
)
CHEAP = {"ARGON2_MEMORY_KIB": "8", "ARGON2_PASSES": "1", "ARGON2_LANES": "1", "SIGN_IN_PER_INSTALL_MIN": "10000"}


class Server:
    """A running server: its address, its process group, and what it has logged."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.log = log

    def stop(self) -> int:
        """Ask it to end after the running requests, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S_MAX)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_S_MAX)


def start_server(data_dir: Path, settings: Mapping[str, str], port: int | None = None) -> Server:
    """Start a server on a migrated database and return it once it answers."""
    port = port or free_port()
    log = data_dir / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=_environ(data_dir, port, settings), stderr=output, stdout=output,
            start_new_session=True,
        )  # fmt: skip
    server = Server(port, process, log)
    _wait_until_ready(server)
    return server


@contextmanager
def serving(data_dir: Path, **settings: str) -> Iterator[Server]:
    """Serve while the context lasts; whatever happens, nothing of the server stays."""
    server = start_server(data_dir, settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        _end_group(server.process.pid)


def _environ(data_dir: Path, port: int, settings: Mapping[str, str]) -> dict[str, str]:
    own = {"DATA_DIR": str(data_dir), "PORT": str(port), **CHEAP, **settings}
    others = {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")}
    return others | {f"PADSYNC_{name}": value for name, value in own.items()}


def _wait_until_ready(server: Server) -> None:
    give_up_at = time.monotonic() + START_S_MAX
    while time.monotonic() < give_up_at:
        assert server.process.poll() is None, server.log.read_text()
        try:
            if httpx.get(f"{server.url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    server.kill()
    raise AssertionError(f"the server did not start:\n{server.log.read_text()}")


def _end_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
