"""The line between a simulated tablet and the server: what goes wrong on it is drawn by lot, and counted."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from contracts.push import PushRequest, PushResponse
from sync.engine import Engine
from sync.errors import NotFound
from sync.kind import Actor
from sync.store import Key
from sync.tablet.clock import Clock
from tests.simulation.houses import ServerCrashed
from tests.simulation.server import Server
from tests.support.wire import Fault, WireTransport

BAD = (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.REPEAT, Fault.DELAY)


class Line(WireTransport):
    """A wire to whatever engine the server runs at the moment; `badness` is the chance that one call goes wrong."""

    def __init__(
        self, server: Server, install_id: str, who: Callable[[], Actor], clock: Clock, random: Random,
        counts: Counter[str],
    ) -> None:  # fmt: skip
        super().__init__(server.engine, install_id, who, clock, self._draw)
        self.server, self.random, self.counts = server, random, counts
        self.badness = 0.0

    def pass_on(self, other: "Line") -> None:
        """Let what is still under way on this line arrive by the other one, some day."""
        other._delayed += self._delayed
        self._delayed = []

    def hang_up(self) -> None:
        """Lose what is under way: the server that it was meant for is no more."""
        self._delayed = []

    def deliver_delayed(self) -> None:
        """After a call, let what is under way arrive - or stay under way still longer."""
        if self.random.random() < 0.5:
            self.arrive()

    def arrive(self) -> None:
        """Let what is under way arrive, in another order than it was sent."""
        self.counts["fault reorder"] += len(self._delayed) > 1
        self.random.shuffle(self._delayed)
        super().deliver_delayed()

    def _draw(self, call: str, _request: bytes) -> Fault:
        if self.random.random() >= self.badness:
            return Fault.NONE
        fault = self.random.choice(BAD)
        self.counts[f"fault {fault.value}"] += 1
        return fault

    def _answer(self, call: str, raw: bytes) -> Any:
        if self.server.steps.is_down:
            raise ServerCrashed("the server is down")
        self.engine: Engine = self.server.engine
        if call == "push":
            return self._push(raw)
        if call == "pull":  # the reference tablet asks for long pages; short ones make rounds of several
            raw = msgspec.json.encode(
                msgspec.json.decode(raw) | {"limit": self.random.choice((2, 5, 1000, 1000, 1000, 1000))}
            )
        try:
            return super()._answer(call, raw)
        except NotFound as error:
            self.counts[f"code {error.code.code}"] += 1
            raise

    def _push(self, raw: bytes) -> Any:
        request = msgspec.json.decode(raw, type=PushRequest)
        actor = self.who()
        arrived = self.server.note_arrival(self.install_id, request)
        response = self.engine.push(request, actor, self._device_clock())
        self.server.note_answer(self.install_id, arrived, response)
        self._check_i5_theirs(actor, request, response)
        for outcome in response.outcomes:
            self.counts[f"status {outcome.status}"] += 1
            for code in [*outcome.flags, *([outcome.problem.code] if outcome.problem else [])]:
                self.counts[f"code {code}"] += 1
        return response

    def _check_i5_theirs(self, actor: Actor, request: PushRequest, response: PushResponse) -> None:
        """I5: an outcome shows the other side's value only to whoever may read the record."""
        told = {outcome.n for outcome in response.outcomes if any(field.theirs is not None for field in outcome.fields)}
        if not told:
            return
        mutations = [msgspec.json.decode(raw) for raw in request.mutations]
        keys = {Key(body["kind"], body["id"]) for body in mutations if body["n"] in told}
        for key, record in self.server.house.store.read(lambda look: look.records(keys)).items():
            just_left = {bucket for bucket, at in record.left.items() if at == record.changed_at}  # by this very push
            may_read = not actor.buckets.isdisjoint(record.buckets | just_left)
            assert may_read, f"I5: {actor.staff_no} was told of {key}"
