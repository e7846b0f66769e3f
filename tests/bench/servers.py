"""Servers as the benchmark starts them: one worker each, on a core of their own, the bare and the real one alike."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

READY_S = 30
STOP_S = 15


def cores() -> tuple[set[int], set[int]]:
    """Return the server's and the clients' cores; the same if there is only one."""
    free = sorted(os.sched_getaffinity(0))
    return {free[0]}, set(free[1:]) or {free[0]}


class Server:
    """A running server process tree; `stop` it."""

    def __init__(self, module: str, arguments: Sequence[str], environ: Mapping[str, str], log: Path, port: int) -> None:
        self.port = port
        with log.open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], env={**os.environ, **environ}, stdout=sink, stderr=sink,
                preexec_fn=lambda: os.sched_setaffinity(0, cores()[0]),
            )  # fmt: skip
        self._log = log
        self._wait()

    def rss_bytes(self) -> int:
        """Return the resident memory of the process tree."""
        pages = (Path(f"/proc/{process}/statm").read_text().split()[1] for process in self._tree())
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """Return the processor time that the tree has used."""
        stats = (Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in self._tree())
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the server in good order."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tree(self) -> list[int]:
        """Return the process and its workers, which have no children of their own."""
        root = self._process.pid
        return [root, *map(int, Path(f"/proc/{root}/task/{root}/children").read_text().split())]

    def _wait(self) -> None:
        ends_at = time.monotonic() + READY_S
        while time.monotonic() < ends_at:
            assert self._process.poll() is None, f"the server ended:\n{self._log.read_text()[-3000:]}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"the server did not start:\n{self._log.read_text()[-3000:]}")
