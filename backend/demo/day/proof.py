"""The proof at the day's end: asked over the API, read from the tablets' journals, and recomputed from the database."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import select

from backend.app import House
from backend.demo.day.crew import Worker
from backend.demo.day.door import Door
from backend.line.tables import machine_message
from backend.storage import rows
from backend.storage.audit import verify_audit
from backend.storage.secrets import server_secrets
from backend.storage.snapshot import SqlSnapshot
from backend.storage.tables import evidence, purge, settled
from contracts.pull import Digest
from contracts.purges import PurgeReceipt
from contracts.push import STATUSES, Outcome
from contracts.verify import VerifyRequest
from sync.chain import write_seal
from sync.digest import digest_of, write_digest
from sync.purges import receipt_payload
from sync.signing import canonical, verify, write_public_jwk


class Finding(Struct, frozen=True):
    """One thing that was proven, or not."""

    name: str
    is_proven: bool
    told: str


class Accounts(Struct, frozen=True, kw_only=True):
    """How many there were, and how many were found where they must be."""

    made: int
    accounted: int
    statuses: dict[str, int]

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is missing."""
        return self.made == self.accounted


def compare_digests(house: House, workers: Sequence[Worker]) -> Finding:
    """Compare each bucket of each tablet with the server's word, and with a count of the server's records."""
    wrong, buckets, records = [], 0, 0
    for worker in workers:
        worker.tablet.recount()
        held = worker.tablet.digest_report()
        for bucket, mine in sorted(held.items()):
            told = worker.line.verify(VerifyRequest(bucket=bucket, have={"": Digest(n=mine.n, d=mine.d)}))
            counted = house.store.read(partial(_recompute, bucket))
            if told.differ or (counted.n, counted.d) != (mine.n, mine.d):
                wrong.append(f"{worker.name} {bucket}")
            buckets, records = buckets + 1, records + mine.n
    told_of = f"{len(workers)} tablets hold {records:,} records in {buckets} buckets; {len(wrong)} differ {wrong or ''}"
    return Finding("every tablet's digest equals the server's", not wrong, told_of.rstrip())


def _recompute(bucket: str, look: SqlSnapshot) -> Digest:
    live = look.live_ids(bucket)
    return Digest(n=len(live), d=write_digest(digest_of((kind, id, version) for id, kind, version in live)))


def account_mutations(house: House, workers: Sequence[Worker]) -> Accounts:
    """Count every mutation that was made, and those that tablet and server settled alike (I4)."""
    made, accounted = 0, 0
    statuses: Counter[str] = Counter()
    for worker in workers:
        journal = worker.tablet.outcomes()
        server = house.store.read(partial(_settled, worker.tablet.install_id))
        made += len(journal.keys() | server.keys()) + worker.tablet.unsent_count()
        alike = [outcome for n, outcome in journal.items() if server.get(n) == (outcome.status, outcome.version)]
        accounted += sum(outcome.status in STATUSES for outcome in alike)
        statuses.update(outcome.status for outcome in alike)
    return Accounts(made=made, accounted=accounted, statuses={name: statuses[name] for name in STATUSES})


def _settled(install_id: str, look: SqlSnapshot) -> dict[int, tuple[str, int | None]]:
    kept = look.connection.execute(select(settled).where(settled.c.install_id == install_id))
    outcomes = [
        (one.n, msgspec.json.decode(one.outcome, type=Outcome)) for row in kept for one in rows.read_settled(tuple(row))
    ]
    return {n: (outcome.status, outcome.version) for n, outcome in outcomes}


def account_messages(house: House, doors: Iterable[Door]) -> Accounts:
    """Count every message that a queue machine said, and those whose answer machine and server have alike."""
    made, accounted = 0, 0
    statuses: Counter[str] = Counter()
    for door in doors:
        server = house.store.read(partial(_answered, door.install_id))
        said = {message["n"]: message.get("answered") for message in door.machine.journal}
        made += len(said.keys() | server.keys())
        alike = [answer for n, answer in said.items() if answer is not None and server.get(n) == answer]
        accounted += len(alike)
        statuses.update(answer["status"] for answer in alike)
    return Accounts(made=made, accounted=accounted, statuses=dict(statuses))


def _answered(install_id: str, look: SqlSnapshot) -> dict[int, Any]:
    kept = select(machine_message.c.n, machine_message.c.answer).where(machine_message.c.install_id == install_id)
    return {n: msgspec.json.decode(answer) for n, answer in look.connection.execute(kept)}


def verify_chains(house: House, workers: Sequence[Worker]) -> Finding:
    """Check each piece of evidence: the link, the device's signature, the server's countersignature, the record."""
    server_key = write_public_jwk(server_secrets(house.store).server_key.public_key())
    broken, count = [], 0
    for worker in workers:
        rows = house.store.read(partial(_evidence, worker.tablet.install_id))
        device_key, head = write_public_jwk(worker.key.public_key()), ""
        for row in rows:
            body = msgspec.json.decode(row.mutation)
            signed = canonical({name: value for name, value in body.items() if name != "sig"})
            holds = (
                row.prev == head
                and sha256(canonical(body)).hexdigest() == row.hash
                and verify(device_key, signed, body["sig"])
            )
            broken += [] if holds else [f"{worker.name} {row.n}"]
            head, count = row.hash, count + 1
        broken += [f"{worker.name} seal {seal}" for seal, told in _seals(rows) if not verify(server_key, told, seal)]
        install = house.store.read(partial(SqlSnapshot.find_install, install_id=worker.tablet.install_id))
        broken += [] if install and install.evidence_head == head else [f"{worker.name} head"]
    held = f"{count} visits and contacts, {len(workers)} chains: signed, linked, countersigned"
    return Finding("evidence chains verify", not broken, f"{held}, {len(broken)} broken {broken or ''}".rstrip())


def _seals(rows: Sequence[Any]) -> list[tuple[str, bytes]]:
    """Return each countersignature of an install with what it covers: all evidence that bears it, by `n`."""
    together: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        together.setdefault((row.countersignature, row.received_at), []).append(row.hash)
    return [(seal, write_seal(hashes, at)) for (seal, at), hashes in together.items()]


def verify_log(house: House) -> Finding:
    """Recompute the audit log."""
    report = verify_audit(house.store.engine)
    told = f"{report.entries} entries in {report.streams} streams; {len(report.broken)} broken"
    return Finding("audit log verifies", report.is_whole, told)


def verify_receipts(house: House, workers: Sequence[Worker]) -> Finding:
    """Check that every purge order was carried out and receipted with the device's signature."""
    orders, wrong, deleted = 0, 0, 0
    for worker in workers:
        key = write_public_jwk(worker.key.public_key())
        for (kept,) in house.store.read(partial(_receipts, worker.tablet.install_id)):
            receipt = msgspec.json.decode(kept, type=PurgeReceipt) if kept else None
            orders += 1
            wrong += 0 if receipt and verify(key, receipt_payload(receipt), receipt.sig) else 1
            deleted += receipt.deleted if receipt else 0
    told = f"{orders} orders, {deleted} records deleted; {wrong} without a signed receipt"
    return Finding("purges are receipted", not wrong, told)


def _evidence(install_id: str, look: SqlSnapshot) -> list[Any]:
    return list(
        look.connection.execute(select(evidence).where(evidence.c.install_id == install_id).order_by(evidence.c.n))
    )


def _receipts(install_id: str, look: SqlSnapshot) -> list[Any]:
    return list(look.connection.execute(select(purge.c.receipt).where(purge.c.install_id == install_id)))
