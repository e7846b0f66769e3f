"""The real server of a demonstration, as a process of its own on a free port of this machine; its hour is played."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from backend.settings import Settings, variable_of

START_S_MAX = 30
STOP_S_MAX = 15


class NotStarted(Exception):
    """The server did not come up; the message ends with its last words."""


class ServerProcess:
    """A running server; use it in a `with`."""

    def __init__(self, settings: Settings, clock: Path) -> None:
        self.settings, self._clock = settings, clock
        self.url = f"http://{settings.host}:{settings.port}"
        self.log = Path(settings.data_dir) / "server.log"

    def __enter__(self) -> "ServerProcess":
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "backend.demo.day.stage", str(self._clock)]
            environ = self._environ()
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)  # noqa: S603 - our own module
        self._wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _environ(self) -> dict[str, str]:
        said = Settings()
        changed = {
            variable_of(name): str(getattr(self.settings, name))
            for name in Settings.__struct_fields__
            if getattr(self.settings, name) != getattr(said, name)
        }
        return {name: value for name, value in os.environ.items() if not name.startswith("PADSYNC_")} | changed

    def _wait_until_ready(self) -> None:
        ends_at = time.monotonic() + START_S_MAX
        while time.monotonic() < ends_at and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        self.__exit__()
        raise NotStarted(f"the server did not start: {self.log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """Return a port of this machine that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
