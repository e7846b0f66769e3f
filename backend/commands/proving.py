"""Checking exported evidence without a server: for auditors and courts."""

import zipfile
from pathlib import Path

import click

from sync.proof import LINES, MANIFEST
from sync.proving import Broken, verify_export

HEADER_BYTES, NAME_AT, EXTRA_AT = 30, 26, 28  # of a member's local header in a zip


@click.command("verify-evidence")
@click.argument("export", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--trusted", metavar="HASH", help="The server key's fingerprint that was kept elsewhere.")
def verify_evidence(export: Path, trusted: str | None) -> None:
    """Check signatures, chains and daily roots of EXPORT, offline; exit code 1 names the first broken entry."""
    try:
        proven = verify_export(read_export(export), trusted)
    except (Broken, zipfile.BadZipFile) as error:
        raise click.ClickException(f"BROKEN {error}") from error
    for note in proven.notes:
        click.echo(f"note: {note}")
    click.echo(f"{proven.org_id} {proven.month}: {proven.entries} entries, {proven.roots} daily roots and "
               f"{proven.grades} grades are whole.")  # fmt: skip
    told = "is the trusted one" if trusted else "was not compared: give --trusted"
    click.echo(f"Signed by the server key {proven.server_key}, which {told}.")


def read_export(path: Path) -> dict[str, bytes]:
    """Return the members of an export as they lie, whatever their checksums: the proof says which entry is broken."""
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = {info.filename: info for info in archive.infolist()}
    if wrong := [name for name, info in names.items() if info.compress_type != zipfile.ZIP_STORED]:
        raise Broken(wrong[0], 0, "is compressed, so this is no export")
    return {name: _member(whole, info) for name, info in names.items() if name in (MANIFEST, *LINES)}


def _member(whole: bytes, info: zipfile.ZipInfo) -> bytes:
    at = info.header_offset
    name_bytes = int.from_bytes(whole[at + NAME_AT : at + NAME_AT + 2], "little")
    extra_bytes = int.from_bytes(whole[at + EXTRA_AT : at + EXTRA_AT + 2], "little")
    start = at + HEADER_BYTES + name_bytes + extra_bytes
    return whole[start : start + info.file_size]
