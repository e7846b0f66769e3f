"""What the architecture tests look at: the project's settings, its committed files and its modules."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "sync", "backend")


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def committed_files() -> tuple[Path, ...]:
    """Return every file that git tracks and that is still there, relative to the root."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return tuple(Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def modules() -> tuple[Path, ...]:
    """Return the Python files of the three rooms."""
    return tuple(
        path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "node_modules" not in path.parts
    )
