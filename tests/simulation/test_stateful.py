"""Hypothesis drives tablets and engine: after every drain each tablet shows exactly what the server says it may see."""

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sync.tablet.errors import TabletError
from tests.simulation import deeds, office
from tests.simulation import world as events
from tests.simulation.invariants.whole import check_always
from tests.simulation.world import World

DEEDS = st.sampled_from(sorted(deeds.DEEDS, key=lambda deed: deed.__name__))
WHICH = st.integers(0, 99)
ROLLS = st.integers(0, 2**16)


class Fleet(RuleBasedStateMachine):
    """The simulator's bank with Hypothesis as its fate, so that a failing story shrinks to a short one."""

    @initialize(seed=st.integers(1, 9))
    def open(self, seed: int) -> None:
        self.world = World(seed)
        for device in self.world.devices:
            self.world.sync(device)

    @rule(which=WHICH, deed=DEEDS, roll=ROLLS)
    def type_something(self, which: int, deed: deeds.Deed, roll: int) -> None:
        device = self._roll(roll).devices[which % len(self.world.devices)]
        try:
            deed(device)
        except TabletError:
            return

    @rule(which=WHICH, badness=st.sampled_from([0.0, 0.3, 0.8]), roll=ROLLS)
    def sync(self, which: int, badness: float, roll: int) -> None:
        self._roll(roll)
        self.world.sync(self.world.devices[which % len(self.world.devices)], badness)
        check_always(self.world)

    @rule(which=WHICH, writes=st.integers(0, 12))
    def sync_while_the_server_dies(self, which: int, writes: int) -> None:
        self.world.server.steps.arm(writes)
        self.world.sync(self.world.devices[which % len(self.world.devices)])
        check_always(self.world)

    @rule(
        event=st.sampled_from(
            [
                events.a_copy_is_kept, events.a_tablet_goes_back, events.a_tablet_reboots, events.a_clock_jumps,
                events.a_tablet_is_reinstalled, events.a_backup_is_made, events.a_backup_is_restored,
                events.rows_are_dropped, events.time_passes, events.late_requests_arrive, events.everything_meets,
                office.the_crm_writes, office.a_portfolio_moves, office.a_supervisor_decides, office.the_day_ends,
            ]
        ),
        roll=ROLLS,
    )  # fmt: skip
    def let_happen(self, event: events.Event, roll: int) -> None:
        event(self._roll(roll))
        self.world.mend()
        check_always(self.world)

    @precondition(lambda self: len(self.world.ledger.typed) > 2)
    @rule()
    def drain(self) -> None:
        """When all tablets have synced, each shows exactly what the server says it may see."""
        self.world.drain()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.drain()
            finally:
                self.world.server.close()

    def _roll(self, roll: int) -> World:
        """Let chance begin anew from a number that Hypothesis chose and can shrink."""
        self.world.random.setstate(Random(roll + 1_000 * len(self.world.ledger.typed)).getstate())
        return self.world


TestFleet = Fleet.TestCase
TestFleet.settings = settings(
    stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
