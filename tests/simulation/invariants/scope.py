"""I5 and I7: each tablet shows exactly what the server's records say its person may see, no more and no less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from backend.registry import KINDS
from sync.memory import Tables
from sync.store import Key
from sync.tablet.tablet import CONTRACT
from tests.simulation.invariants.feed import digest_of

if TYPE_CHECKING:
    from tests.simulation.device import Device


def visible_to(tables: Tables, buckets: frozenset[str]) -> dict[Key, tuple[int, Any]]:
    """Return version and body of every record that these buckets may see; from records, not from feeds."""
    return {
        key: (stored.version, msgspec.json.decode(stored.body))
        for key, stored in tables.records.items()
        if stored.standing == "live" and not buckets.isdisjoint(stored.buckets)
    }


def shown_on(device: Device) -> dict[Key, tuple[int, Any]]:
    """Return version and body of every record that a tablet shows."""
    views = [view for kind in CONTRACT for view in device.tablet.find(kind)]
    return {Key(view.kind, view.id): (view.version, view.body) for view in views}


def check_i5_buckets(tables: Tables) -> None:
    """I5: a record lies where its kind's policy says, and nowhere else."""
    for key, stored in tables.records.items():
        is_live = stored.standing == "live"
        meant = KINDS[key.kind].buckets(KINDS[key.kind].read(stored.body)) if is_live else frozenset()
        assert stored.buckets == meant, f"I5: {key} lies in {stored.buckets}, not in {meant}"


def check_i5_reviews(tables: Tables) -> None:
    """I5: a review, which its author's tablet holds, never shows the other side's values."""
    for key, stored in tables.records.items():
        if key.kind == "review" and stored.standing == "live":
            fields = KINDS["review"].read(stored.body)["fields"]
            assert not any("theirs" in field for field in fields), f"I5: {key} shows the other side's value"


def check_i5_tablet(device: Device, tables: Tables) -> None:
    """I5, I1: after a complete round the tablet shows all that it may, as the server has it, and nothing else."""
    truth = visible_to(tables, device.person.actor(device.install_id).buckets)
    shown = shown_on(device)
    who = f"{device.person.staff_no}/{device.install_id}"
    assert shown.keys() - truth.keys() == set(), f"I5: {who} shows what it may not: {shown.keys() - truth.keys()}"
    assert truth.keys() - shown.keys() == set(), f"I1: {who} lacks {truth.keys() - shown.keys()}"
    for key, held in shown.items():
        assert held == truth[key], f"I1: {who} shows {key} as {held}, it is {truth[key]}"


def check_i5_shut_out(device: Device) -> None:
    """I5: a tablet that was shut out and has heard of it holds no record."""
    held = device.database.execute("SELECT kind, id FROM record").fetchall()
    assert held == [], f"I5: {device.install_id} was revoked and still holds {held}"


def check_i5_purges(device: Device, tables: Tables) -> None:
    """C7: every purge order to a tablet that synced has its receipt, unless the bucket came back before."""
    orders = [order for order in tables.purges.values() if order.install_id == device.install_id]
    scope = device.person.actor(device.install_id).buckets
    open_orders = [order.purge for order in orders if order.receipt is None and not scope.issuperset(order.buckets)]
    assert open_orders == [], f"C7: {device.install_id} never acknowledged {open_orders}"


def check_i7_digests(device: Device, tables: Tables) -> None:
    """I7: online and quiet, the tablet's digests are those of the records it may see."""
    buckets = device.person.actor(device.install_id).buckets
    truth: dict[str, list[tuple[str, str, int]]] = {bucket: [] for bucket in buckets}
    for key, stored in tables.records.items():
        for bucket in stored.buckets & buckets:
            truth[bucket].append((key.kind, key.id, stored.version))
    meant = {bucket: (len(records), f"{digest_of(records):016x}") for bucket, records in truth.items()}
    held = {bucket: (digest.n, digest.d) for bucket, digest in device.tablet.digest_report().items()}
    assert held == meant, f"I7: {device.install_id} holds {held}, the truth is {meant}"


def check_i7_without_repair(device: Device) -> None:
    """I7: the feed alone brings a tablet to the truth; that it had to be mended is a defect of the feed."""
    mended = [incident for incident in device.tablet.incidents() if incident.bucket != "journal"]
    assert mended == [], f"I7: {device.install_id} had to be mended: {mended}"
