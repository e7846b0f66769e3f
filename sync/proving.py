"""Checking an exported month: signatures, chains, countersignatures, daily roots; the first broken entry is named."""

from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone
from itertools import groupby
from typing import TypeVar

import msgspec
from msgspec import Struct

from contracts.push import Mutation
from sync.chain import write_seal
from sync.moments import read_moment
from sync.parcels import prev_of, unsigned
from sync.proof import (
    EVIDENCE,
    FORMAT,
    GRADES,
    LINES,
    MANIFEST,
    ROOTS,
    EvidenceLine,
    GradeLine,
    Manifest,
    RootLine,
    fingerprint,
    hash_of_root,
    is_signed,
    root_of,
)
from sync.signing import hash_hex, verify

BANK_TIME = timezone(timedelta(hours=8))
UNREADABLE = (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError)

T = TypeVar("T")


class Broken(Exception):
    """The first entry that is not what it was; `line` counts from 1, 0 is the file as a whole."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file} line {line}: {reason}" if line else f"{file}: {reason}")
        self.file, self.line, self.reason = file, line, reason


class Proven(Struct, frozen=True, kw_only=True):
    """What was checked and found whole; `notes` tell what was odd already when it arrived, or is not sealed yet."""

    org_id: str
    month: str
    server_key: str  # fingerprint
    entries: int
    roots: int
    grades: int
    notes: Sequence[str] = ()


def verify_export(files: Mapping[str, bytes], trusted_key: str | None = None) -> Proven:
    """Return what an export proves. Raises Broken naming the first entry that was changed, removed, added or moved.

    `trusted_key`: fingerprint of the server's key that was kept elsewhere; without it, the export's own is believed.
    """
    manifest = _read_manifest(files, trusted_key)
    jwk = msgspec.json.encode(manifest.server_key)
    entries = _read_lines(files, EVIDENCE, EvidenceLine)
    odd = _check_entries(entries, manifest)
    _check_seals(entries, jwk)
    unsealed = _check_roots(_read_lines(files, ROOTS, RootLine), entries, odd, manifest, jwk)
    _check_grades(_read_lines(files, GRADES, GradeLine), entries, jwk)
    _check_files(files, manifest, odd)
    notes = [f"{EVIDENCE} line {at}: {reason}; so it was when it arrived" for at, reason in sorted(odd.items())]
    return Proven(
        org_id=manifest.org_id, month=manifest.month, server_key=fingerprint(manifest.server_key),
        entries=len(entries), roots=manifest.counts[ROOTS], grades=manifest.counts[GRADES],
        notes=notes + [f"{date} has no root yet" for date in unsealed],
    )  # fmt: skip


def verify_countersignature(lines: Sequence[EvidenceLine], server_jwk: bytes) -> bool:
    """Say whether the server sealed exactly these entries, all new evidence of one push, when they arrived."""
    return verify(
        server_jwk, write_seal([line.hash for line in lines], lines[0].received_at), lines[0].countersignature
    )  # fmt: skip


def _read_manifest(files: Mapping[str, bytes], trusted_key: str | None) -> Manifest:
    for name in (MANIFEST, *LINES):
        if name not in files:
            raise Broken(name, 0, "is missing")
    try:
        manifest = msgspec.json.decode(files[MANIFEST], type=Manifest)
        signed = is_signed(manifest, msgspec.json.encode(manifest.server_key))
    except UNREADABLE as error:
        raise Broken(MANIFEST, 0, "cannot be read") from error
    if manifest.format != FORMAT or not manifest.counts.keys() >= {*LINES} or not manifest.digests.keys() >= {*LINES}:
        raise Broken(MANIFEST, 0, f"is not of the format {FORMAT}")
    if not signed:
        raise Broken(MANIFEST, 0, "the server's signature does not fit")
    if trusted_key is not None and trusted_key != fingerprint(manifest.server_key):
        raise Broken(MANIFEST, 0, f"signed by another server: its key is {fingerprint(manifest.server_key)}")
    return manifest


def _read_lines(files: Mapping[str, bytes], name: str, kind: type[T]) -> list[T]:
    lines = files[name].split(b"\n")
    if lines.pop() != b"":
        raise Broken(name, len(lines) + 1, "is cut off")
    read = []
    for at, line in enumerate(lines, start=1):
        try:
            read.append(msgspec.json.decode(line, type=kind))
        except UNREADABLE as error:
            raise Broken(name, at, "cannot be read") from error
    return read


def _check_entries(entries: Sequence[EvidenceLine], manifest: Manifest) -> dict[int, str]:
    """Check each entry by itself and beside the one before; return line → what is odd about its place on the chain.

    A gap or a fork may have been there when the entry arrived: only the root of its day tells.
    """
    odd: dict[int, str] = {}
    before: EvidenceLine | None = None
    for at, entry in enumerate(entries, start=1):
        if before is not None and (entry.install_id, entry.n) <= (before.install_id, before.n):
            raise Broken(EVIDENCE, at, "comes out of order, or twice")
        if (wrong := _wrong_with(entry, manifest)) is not None:
            raise Broken(EVIDENCE, at, wrong)
        if before is not None and entry.install_id == before.install_id and entry.prev != before.hash:
            odd[at] = f"visit {entry.id} does not follow the entry before it"
        before = entry
    return odd


def _wrong_with(entry: EvidenceLine, manifest: Manifest) -> str | None:
    whole = entry.mutation.encode("utf-8", "surrogatepass")
    if hash_hex(whole) != entry.hash:
        return f"the content of {entry.kind} {entry.id} is not what its hash says"
    key = manifest.installs.get(entry.install_id)
    try:
        mutation = msgspec.json.decode(whole, type=Mutation)
        signed = unsigned(whole, msgspec.json.decode(whole), mutation.sig or "")
        date = _date_of(entry)
    except UNREADABLE:
        return "cannot be read"
    if (mutation.n, mutation.kind, mutation.id) != (entry.n, entry.kind, entry.id):
        return f"the content is not that of {entry.kind} {entry.id}, number {entry.n}"
    if (prev_of(mutation) or "") != entry.prev:
        return f"{entry.kind} {entry.id} names another entry before it"
    if key is None or not verify(msgspec.json.encode(key), signed, mutation.sig or ""):
        return f"the tablet's signature of {entry.kind} {entry.id} does not fit"
    return None if date.startswith(manifest.month) else f"arrived on {date}, not in {manifest.month}"


def _check_seals(entries: Sequence[EvidenceLine], jwk: bytes) -> None:
    at = 1
    for _, group in groupby(entries, key=lambda entry: (entry.install_id, entry.received_at, entry.countersignature)):
        sealed = list(group)
        if not verify_countersignature(sealed, jwk):
            reason = f"the server did not countersign exactly these {len(sealed)} entries from {sealed[0].id} on"
            raise Broken(EVIDENCE, at, f"{reason}: one was changed, removed or put in")
        at += len(sealed)


def _check_roots(
    roots: Sequence[RootLine], entries: Sequence[EvidenceLine], odd: Mapping[int, str], manifest: Manifest, jwk: bytes
) -> list[str]:
    """Check every day's root; return the days that have none yet."""
    days: dict[str, list[EvidenceLine]] = {}
    for entry in entries:
        days.setdefault(_date_of(entry), []).append(entry)
    before: RootLine | None = None
    for at, line in enumerate(roots, start=1):
        if line.org_id != manifest.org_id or not is_signed(line, jwk):
            raise Broken(ROOTS, at, f"the server's signature of {line.date} does not fit")
        if before is not None and (line.prev != hash_of_root(before) or line.date <= before.date):
            raise Broken(ROOTS, at, f"{line.date} does not follow the day before it: a day was removed or moved")
        found = days.pop(line.date, [])
        if (line.count, line.root) != (len(found), root_of(found)):
            raise _broken_day(line, at, found, entries, odd)
        before = line
    last = before.date if before else ""
    for date in sorted(days):
        if date <= last:
            raise Broken(EVIDENCE, entries.index(days[date][0]) + 1, f"{date} had no evidence when it was sealed")
    return sorted(days)


def _broken_day(
    line: RootLine, at: int, found: Sequence[EvidenceLine], entries: Sequence[EvidenceLine], odd: Mapping[int, str]
) -> Broken:
    for number, reason in sorted(odd.items()):
        if _date_of(entries[number - 1]) == line.date:
            return Broken(EVIDENCE, number, f"{reason}: one was removed, added or moved on {line.date}")
    told = f"{line.date} had {line.count} entries when it was sealed, here are {len(found)}"
    return Broken(ROOTS, at, told if line.count != len(found) else f"the entries of {line.date} are not those sealed")


def _check_grades(grades: Sequence[GradeLine], entries: Sequence[EvidenceLine], jwk: bytes) -> None:
    known = {entry.id for entry in entries}
    for at, line in enumerate(grades, start=1):
        if not is_signed(line, jwk):
            raise Broken(GRADES, at, f"the server's signature of the grade of visit {line.id} does not fit")
        if line.id not in known:
            raise Broken(GRADES, at, f"the visit {line.id} that is graded is not in the export, or graded twice")
        known.remove(line.id)


def _check_files(files: Mapping[str, bytes], manifest: Manifest, odd: Mapping[int, str]) -> None:
    """Compare whole files with the manifest: it finds what lies in a day without a root, or at an end."""
    if odd and hash_hex(files[EVIDENCE]) != manifest.digests[EVIDENCE]:
        raise Broken(EVIDENCE, min(odd), f"{odd[min(odd)]}: one was removed, added or moved")
    for name in LINES:
        count = files[name].count(b"\n")
        if count != manifest.counts[name]:
            raise Broken(name, 0, f"has {count} lines, {manifest.counts[name]} were exported")
        if hash_hex(files[name]) != manifest.digests[name]:
            raise Broken(name, 0, "is not the file that was exported")


def _date_of(entry: EvidenceLine) -> str:
    moment = read_moment(entry.received_at)
    if moment is None:
        raise ValueError("no moment")
    return moment.astimezone(BANK_TIME).date().isoformat()
