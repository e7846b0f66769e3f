"""The drill: put each deliberate bug into a copy of the source, and see whether the simulator notices."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.drill.bugs import Bug, Edit

ROOT = Path(__file__).parents[2]
COPIED = ("contracts", "sync", "backend", "tests/support", "tests/simulation", "tests/drill")
HUNT_S_MAX = 300


class Verdict(NamedTuple):
    """What became of one bug; `caught_by` is empty for one that survived."""

    bug: str
    caught_by: str


class NoSuchSource(Exception):
    """A bug's edit does not fit the source any more: the drill itself is out of date."""


def occurrences(edit: Edit, root: Path = ROOT) -> int:
    """Return how often an edit's source occurs; anything but 1 means that the bug must be written anew."""
    return (root / edit.path).read_text(encoding="utf-8").count(edit.before)


def run_drill(bugs: Sequence[Bug]) -> Iterator[Verdict]:
    """Hunt each bug in a copy of the source; first of all, the copy without a bug must be whole."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        caught = hunt(copy, range(1, 41))
        yield Verdict("(no bug at all)", f"FALSE ALARM {caught}" if caught else "nothing, as it must be")
        for bug in bugs:
            with planted(bug, copy):
                yield Verdict(bug.name, hunt(copy, bug.seeds))


@contextmanager
def planted(bug: Bug, root: Path) -> Iterator[None]:
    """Have a bug in the source while the context lasts. Raises NoSuchSource."""
    originals = {edit.path: (root / edit.path).read_text(encoding="utf-8") for edit in bug.edits}
    for edit in bug.edits:
        if occurrences(edit, root) != 1:
            raise NoSuchSource(f"{bug.name}: {edit.path} has {occurrences(edit, root)} times: {edit.before}")
        source = (root / edit.path).read_text(encoding="utf-8")
        (root / edit.path).write_text(source.replace(edit.before, edit.after), encoding="utf-8")
    try:
        yield
    finally:
        for path, source in originals.items():
            (root / path).write_text(source, encoding="utf-8")


def hunt(root: Path, seeds: range) -> str:
    """Return what the first failing seed says, or nothing."""
    command = [sys.executable, "-m", "tests.drill.hunt", *map(str, (seeds.start, seeds.stop, seeds.step))]
    # Two edits within a second would leave stale bytecode behind.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(root), "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=HUNT_S_MAX)
    said = done.stdout.strip() or done.stderr.strip().rpartition("\n")[2]
    return said if done.returncode else ""
