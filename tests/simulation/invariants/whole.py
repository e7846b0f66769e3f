"""All invariants of protocol.md §9: those that are cheap enough for every step, and all of them when all is quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.invariants.chains import (
    check_i9_audit,
    check_i9_audit_flip,
    check_i9_evidence,
    check_i9_seals,
)
from tests.simulation.invariants.feed import check_i2_membership
from tests.simulation.invariants.ledger import (
    check_i1_acknowledged,
    check_i1_effects,
    check_i1_outbox,
    check_i3_settled_once,
    check_i4_nothing_vanishes,
    check_i4_parked_is_kept,
)
from tests.simulation.invariants.numbers import (
    check_i8_all_accounted,
    check_i8_handed_out_once,
    check_i8_leases_disjoint,
    check_i8_numbers_of_tickets,
)
from tests.simulation.invariants.scope import (
    check_i5_buckets,
    check_i5_purges,
    check_i5_reviews,
    check_i5_shut_out,
    check_i5_tablet,
    check_i7_digests,
    check_i7_without_repair,
)

if TYPE_CHECKING:
    from tests.simulation.world import World


def check_always(world: World) -> None:
    """Check what must hold between any two steps, with tablets in any state; I2 was checked at each commit."""
    tables = world.server.tables()
    check_i2_membership(tables)
    check_i3_settled_once(tables)
    check_i8_leases_disjoint(tables)
    check_i8_handed_out_once(world)


def check_quiet(world: World) -> None:
    """Check everything, once every tablet has nothing left to say and nothing left to hear."""
    check_always(world)
    tables = world.server.tables()
    check_i1_acknowledged(world, tables)
    check_i1_effects(tables)
    check_i1_outbox(tables)
    check_i4_nothing_vanishes(world, tables)
    check_i4_parked_is_kept(tables)
    check_i5_buckets(tables)
    check_i5_reviews(tables)
    check_i8_numbers_of_tickets(tables)
    check_i8_all_accounted(world, tables)
    check_i9_audit(tables)
    check_i9_audit_flip(tables, world.random)
    check_i9_evidence(tables, world.random)
    check_i9_seals(tables, world.server.key, world.random)
    for device in world.devices:
        if device.is_shut_out:
            check_i5_shut_out(device)
        else:
            assert device.unsent() == set(), f"I4: {device.install_id} still owes {device.unsent()}"
            check_i5_tablet(device, tables)
            check_i5_purges(device, tables)
            check_i7_digests(device, tables)
            check_i7_without_repair(device)
