"""The house stays tidy: its root, the size of its rooms, and a reason beside every exception."""

import ast
import re
import tokenize
from pathlib import Path

import pytest

from tests.architecture.project import ROOMS, ROOT, committed_files, modules, pyproject

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 80

IN_THE_ROOT = {
    *ROOMS, "tests", "docs",
    "pyproject.toml", "requirements.lock", "Dockerfile", "Makefile", "README.md", "CHANGELOG.md",
}  # fmt: skip

# `noqa: S608 - the table's name is a constant`; `type: ignore[misc]  # why`
EXCEPTION_MARK = re.compile(r"#\s*(?:ruff:\s*)?(noqa\b|type:\s*ignore\b)")
REASONED_NOQA = re.compile(r"#\s*(?:ruff:\s*)?noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s*(?:-|#|:)\s*\w+")
REASONED_TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore\[[\w, -]+\]\s*#\s*(?!noqa)\w+")

IGNORED_RULE = re.compile(r'^\s*"[A-Z]+\d+",?(?P<reason>\s*#\s*\w.*)?$')


def test_the_root_holds_only_what_belongs_there():
    entries = {path.parts[0] for path in committed_files()}
    assert {name for name in entries if not name.startswith(".")} - IN_THE_ROOT == set()


@pytest.mark.parametrize("name", ["requirements.lock", "tests/node/package-lock.json"])
def test_a_lock_file_names_no_registry(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if re.search(r'"resolved"|--(extra-)?index-url|--find-links|-i\s', line)]
    addresses = [line for line in lines if "://" in line and "/sponsors/" not in line and '"url"' not in line]
    assert told + addresses == []


def test_no_lock_file_escapes_that_check():
    locks = {path.as_posix() for path in committed_files() if re.search(r"lock(\.json|\.toml|\.yaml)?$", path.name)}
    assert locks <= {"requirements.lock", "tests/node/package-lock.json"}


def test_every_package_is_pinned_by_hash():
    pins = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_no_module_is_too_long():
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: length for path, length in lengths.items() if length > MODULE_LINES_MAX} == {}


def test_no_function_is_too_long():
    assert {name: length for name, length in function_lengths().items() if length > FUNCTION_LINES_MAX} == {}


def function_lengths() -> dict[str, int]:
    """Lines of each function; a migration's `upgrade` is a list of tables and has the length of the schema."""
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "versions" not in path.parts
    }


def test_every_rule_that_ruff_ignores_has_a_reason():
    lint = pyproject()["tool"]["ruff"]["lint"]
    ignored = len(lint["ignore"]) + sum(len(rules) for rules in lint["per-file-ignores"].values())
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    found = [match for line in lines if (match := IGNORED_RULE.match(line))]
    assert len(found) == ignored, "write one ignored rule a line"
    assert [match[0] for match in found if not match["reason"]] == []


def test_every_exception_in_the_code_has_a_reason():
    bare = [
        f"{path}:{comment.start[0]}: {comment.string}"
        for path in committed_files()
        if path.suffix == ".py"
        for comment in comments(ROOT / path)
        if EXCEPTION_MARK.search(comment.string) and not is_reasoned(comment.string)
    ]
    assert bare == []


def comments(path: Path) -> list[tokenize.TokenInfo]:
    with path.open("rb") as source:
        return [token for token in tokenize.tokenize(source.readline) if token.type == tokenize.COMMENT]


def is_reasoned(comment: str) -> bool:
    return bool(REASONED_NOQA.search(comment) or REASONED_TYPE_IGNORE.search(comment))


@pytest.mark.parametrize(
    ("comment", "reasoned"),
    [
        ("# noqa", False),
        ("# noqa: S608", False),
        ("# noqa: S608 - the name is a constant", True),
        ("# noqa: S608, S101 - the name is a constant", True),
        ("# type: ignore", False),
        ("# type: ignore[misc]", False),
        ("# type: ignore[misc]  # the stub is wrong", True),
    ],
)
def test_a_reason_is_told_from_its_absence(comment, reasoned):
    assert EXCEPTION_MARK.search(comment)
    assert is_reasoned(comment) is reasoned
