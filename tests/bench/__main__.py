"""`python -m tests.bench`: measure the figures of docs/benchmark.md, print them, and write build/bench.json."""

import argparse
import os
import platform
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from tests.bench.desks import measure_desks
from tests.bench.figures import QUICK, Effort
from tests.bench.growth import measure_growth
from tests.bench.load import Load
from tests.bench.lobby import QUICK_LOBBY, LobbyEffort, measure_lobby, ticket_ops_s
from tests.bench.report import Report, desk_lines, growth_lines, lines_of, lobby_keys, lobby_lines, missed
from tests.bench.runs import measure
from tests.bench.servers import cores
from tests.support.postgres import Postgres

RESULT = Path("build/bench.json")


def main() -> None:
    """Run everything, and print as it comes."""
    options = _options()
    effort = QUICK if options.quick else Effort()
    began, folder, load = time.monotonic(), Path(tempfile.mkdtemp(prefix="padsync-bench-")), Load()
    try:
        print(_machine(folder), flush=True)
        report = measure(load, folder / "sqlite", f"sqlite:///{folder}/real.db", effort)
        _show(lines_of("SQLite against the bare endpoint", report))
        lobby = measure_lobby(load, folder / "lobby", f"sqlite:///{folder}/lobby.db", _lobby_effort(options.quick))
        _show(lobby_lines(lobby))
        desks = measure_desks(options.quick)
        _show(desk_lines(desks))
        keys = report.keys() | lobby_keys(lobby) | {key: figure for key, (figure, _) in desks.items()}
        _write(keys)
        if not options.sqlite:
            _show(lines_of("PostgreSQL against the bare endpoint on SQLite", _postgres(load, folder, effort)))
            _show(growth_lines(measure_growth(load, folder, effort)))
    finally:
        load.close()
        shutil.rmtree(folder, ignore_errors=True)
    short = ", ".join(missed(keys)) or "nothing"
    print(f"\n{time.monotonic() - began:.0f} s. {RESULT} is written. Short of its target: {short}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and records, for a look")
    parser.add_argument("--sqlite", action="store_true", help="leave out PostgreSQL and the question of growth")
    return parser.parse_args()


def _lobby_effort(is_quick: bool) -> LobbyEffort:
    return QUICK_LOBBY if is_quick else LobbyEffort()


def _postgres(load: Load, folder: Path, effort: Effort) -> Report:
    server = Postgres(folder / "pg", is_hurried=False)
    try:
        ops = ticket_ops_s(load, server.url(server.new_database()), folder / "ops-postgres")
        _show([f"\nticket operations a second on PostgreSQL: {ops.rate:,.0f}"])
        return measure(load, folder / "postgres", server.url(server.new_database()), effort)
    finally:
        server.stop()


def _machine(folder: Path) -> str:
    """Return what a reader must know to compare figures."""
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in facts if "model name" in line), "?")
    server, clients = cores()
    return (
        f"{model}, {os.cpu_count()} cores (servers on {sorted(server)}, tablets on {sorted(clients)}), "
        f"load {os.getloadavg()[0]:.1f}, a sync of the disk takes {_sync_us(folder):.0f} µs, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _sync_us(folder: Path, times: int = 50) -> float:
    with (folder / "probe").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(times):
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
    return (time.perf_counter() - began) / times * 1e6


def _show(lines: Iterable[str]) -> None:
    print(*lines, sep="\n", flush=True)


def _write(keys: Mapping[str, float]) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(keys)) + b"\n")


if __name__ == "__main__":
    main()
