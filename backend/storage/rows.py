"""How the store's structs lie in rows, and come back from them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from backend.storage.driver import Row
from sync.digest import write_digest
from sync.settled import spread
from sync.store import (
    AuditEntry,
    BucketState,
    Evidence,
    Install,
    LeaseRow,
    PurgeRow,
    Remembered,
    Settled,
    Stored,
    Write,
)

_map = msgspec.json.Decoder(dict[str, Any])
_words = msgspec.json.Decoder(frozenset[str])
_rows = msgspec.json.Decoder(list[tuple[str, int, int, int, str]])
_list = msgspec.json.Decoder(list[Any])
_encode = msgspec.json.Encoder(order="sorted").encode


def write_map(values: Mapping[str, Any]) -> str:
    """Return a map as JSON."""
    return _encode(values).decode() if values else "{}"


@lru_cache(maxsize=4096)
def write_words(values: frozenset[str]) -> str:
    """Return a set of words as a sorted JSON list."""
    return _encode(sorted(values)).decode()


def write_record(write: Write) -> Row:
    """Return the record's row."""
    r = write.after
    return (
        r.kind, r.id, r.version, r.body, write_map(r.field_versions), write_words(r.buckets), write_map(r.left),
        r.standing, r.changed_by, r.changed_at, r.parked_by, r.review,
    )  # fmt: skip


def read_record(row: Row) -> Stored:
    """Return a record from its row."""
    kind, id, version, body, field_versions, buckets, left, standing, changed_by, changed_at, parked_by, review = row
    return Stored(
        kind=kind,
        id=id,
        version=version,
        body=body,
        field_versions=_map.decode(field_versions) if field_versions != "{}" else {},
        buckets=_words.decode(buckets),
        left=_map.decode(left) if left != "{}" else {},
        standing=standing,
        changed_by=changed_by,
        changed_at=changed_at,
        parked_by=parked_by,
        review=review,
    )


def write_bucket(state: BucketState) -> Row:
    """Return a bucket's row."""
    return (state.name, state.head, state.floor, state.n, write_digest(state.digest))


def read_bucket(row: Row) -> BucketState:
    """Return a bucket from its row."""
    name, head, floor, n, digest = row
    return BucketState(name=name, head=head, floor=floor, n=n, digest=int(digest, 16))


def read_buckets(states: str | None) -> list[BucketState]:
    """Return buckets from a JSON list of their rows."""
    return [read_bucket(row) for row in _rows.decode(states)] if states else []


def read_install(row: Row) -> Install:
    """Return an install from its row."""
    install_id, ack_n, evidence_head, letter, public_key = row
    return Install(
        install_id=install_id, ack_n=ack_n, evidence_head=evidence_head, letter=letter, public_key=public_key
    )


def read_settled(row: Row) -> list[Remembered]:
    """Return the settled mutations of a row."""
    install_id, first_n, text = row
    return spread(Settled(install_id=install_id, first_n=first_n, last_n=0, text=text))


def write_evidence(e: Evidence) -> Row:
    """Return evidence's row."""
    return (e.install_id, e.n, e.hash, e.prev, e.kind, e.id, e.mutation, e.countersignature, e.received_at)


def write_lease(e: LeaseRow) -> Row:
    """Return a lease's row."""
    unused = _encode(list(e.unused)).decode()
    return (
        e.lease_id, e.request_id, e.install_id, e.branch, e.series, e.date, e.lo, e.hi, e.expires_at, e.state, unused,
    )  # fmt: skip


def read_lease(row: Row) -> LeaseRow:
    """Return a lease from its row."""
    lease_id, request_id, install_id, branch, series, date, lo, hi, expires_at, state, unused = row
    return LeaseRow(
        lease_id=lease_id,
        request_id=request_id,
        install_id=install_id,
        branch=branch,
        series=series,
        date=date,
        lo=lo,
        hi=hi,
        expires_at=expires_at,
        state=state,
        unused=tuple(_list.decode(unused)),
    )


def write_purge(p: PurgeRow) -> Row:
    """Return a purge order's row."""
    buckets = _encode(list(p.buckets)).decode()
    return (p.purge, p.install_id, buckets, p.cause, p.ordered_at, p.deadline, p.receipt)


def read_purge(row: Row) -> PurgeRow:
    """Return a purge order from its row."""
    purge, install_id, buckets, cause, ordered_at, deadline, receipt = row
    return PurgeRow(
        purge=purge,
        install_id=install_id,
        buckets=tuple(_list.decode(buckets)),
        cause=cause,
        ordered_at=ordered_at,
        deadline=deadline,
        receipt=receipt,
    )


def write_entry(entry: AuditEntry, position: int, hash: str) -> Row:
    """Return an audit entry's row."""
    detail = write_map(entry.detail)
    return (
        entry.stream, position, entry.at, entry.actor, entry.action, entry.subject, entry.result, detail, hash,
    )  # fmt: skip


def read_entry(row: Row) -> tuple[int, AuditEntry, str]:
    """Return position, entry and hash from an audit row. Raises msgspec.DecodeError if the detail is no JSON."""
    stream, position, at, actor, action, subject, result, detail, hash = row
    told = _map.decode(detail)
    entry = AuditEntry(stream=stream, at=at, actor=actor, action=action, subject=subject, result=result, detail=told)
    return position, entry, hash
