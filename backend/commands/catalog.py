"""The catalog of a bank as a file: written out, changed, and read in again (001-06, 003-07)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from backend.commands.workplace import APPLY_HINT, opened
from backend.domain.catalog.queries import KINDS, list_catalog
from backend.domain.catalog.rules import Line, id_of, name_of, repeated
from backend.registry import KINDS as REGISTERED
from backend.storage.unit import SqlUnit
from sync.moments import write_moment
from sync.puts import Put, put_records
from sync.store import AuditEntry, Key

BY = "operator"
LINE_BYTES_MAX = 1_048_576
LINES_MAX = 20_000


@click.command("export-catalog")
def export_catalog() -> None:
    """Print products, scripts, code lists and form templates, one JSON line each, as import-catalog reads them."""
    with opened() as house:
        for entry in house.store.read(lambda look: list_catalog(look.connection)):
            click.echo(msgspec.json.encode(entry._asdict()).decode())


@click.command("import-catalog")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", is_flag=True, help="Do it. Without it, only say what would change.")
def import_catalog(file: Path, *, apply: bool) -> None:
    """Put the records of FILE, one JSON line each, into the catalog; all of them or, if one does not hold, none.

    A line is {"kind": "product", "body": {"code": …}}; `id` may be left out. What FILE does not name stays as it is.
    Tablets learn of it with their next pull.
    """
    lines = _read(file)
    with opened() as house:
        known = {
            name_of(one.kind, one.body): one.id for one in house.store.read(lambda look: list_catalog(look.connection))
        }
        puts = [Put(kind=line.kind, id=id_of(line, known), body=line.body) for line in lines]
        at = write_moment(house.engine.clock())
        counts = house.store.write(lambda unit: _put(unit, puts, at)) if apply else _count(puts, house.store.read(
            lambda look: {key.id for key in look.records([Key(put.kind, put.id) for put in puts])}
        ))  # fmt: skip
    told = " · ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "nothing"
    click.echo(f"put: {told}" if apply else f"would put: {told}\n{APPLY_HINT}")


def _put(unit: SqlUnit, puts: Sequence[Put], at: str) -> Counter[str]:
    writes = put_records(unit, REGISTERED, puts, by=BY, at=at)
    counts = Counter(f"{write.after.kind} {'new' if write.before is None else 'changed'}" for write in writes)
    if writes:
        unit.audit(AuditEntry(stream="server", at=at, actor=BY, action="import_catalog", detail=dict(counts)))
    return counts


def _count(puts: Sequence[Put], known: set[str]) -> Counter[str]:
    return Counter(f"{put.kind} {'known' if put.id in known else 'new'}" for put in puts)


def _read(file: Path) -> list[Line]:
    """Return the lines of a file. Raises ClickException that names the first one that does not hold."""
    lines = []
    for number, text in enumerate(file.read_bytes().splitlines(), start=1):
        if text.strip():
            lines.append(_read_line(number, text))
    if len(lines) > LINES_MAX:
        raise click.ClickException(f"{file}: at most {LINES_MAX} lines.")
    if twice := repeated(name_of(line.kind, line.body) for line in lines):
        raise click.ClickException(f"{file}: {twice[0]} {twice[1]} stands twice.")
    return lines


def _read_line(number: int, text: bytes) -> Line:
    try:
        if len(text) > LINE_BYTES_MAX:
            raise msgspec.ValidationError(f"longer than {LINE_BYTES_MAX} bytes")
        line = msgspec.json.decode(text, type=Line)
        if line.kind not in KINDS:
            raise msgspec.ValidationError(f"`kind` must be one of {', '.join(KINDS)}")
        REGISTERED[line.kind].validate(line.body)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"line {number}: {error}") from error
    return line
