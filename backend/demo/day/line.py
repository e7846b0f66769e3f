"""A line that fails as real ones do: silent for a while, or eating the answer after the server has done the work."""

from collections.abc import Callable
from random import Random
from typing import TypeVar

from msgspec import Struct

from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse
from contracts.push import PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse
from sync.tablet.errors import LineFailed
from sync.tablet.photos import Photo
from sync.tablet.transport import Transport

T = TypeVar("T")


class Weather(Struct):
    """What a line does to requests, and how often it did so."""

    is_offline: bool = False
    answers_lost_share: float = 0.0
    requests: int = 0
    refused_offline: int = 0
    answers_lost: int = 0


class FaultyLine:
    """A Transport over another one, under some weather."""

    def __init__(self, inner: Transport, weather: Weather, random: Random) -> None:
        self._inner, self.weather, self._random = inner, weather, random

    def hello(self) -> HelloResponse:
        return self.through(self._inner.hello)

    def push(self, request: PushRequest) -> PushResponse:
        return self.through(lambda: self._inner.push(request))

    def pull(self, request: PullRequest) -> PullResponse:
        return self.through(lambda: self._inner.pull(request))

    def verify(self, request: VerifyRequest) -> VerifyResponse:
        return self.through(lambda: self._inner.verify(request))

    def acquire_lease(self, request: LeaseRequest) -> Lease:
        return self.through(lambda: self._inner.acquire_lease(request))

    def return_lease(self, lease_id: str, request: LeaseReturn) -> None:
        self.through(lambda: self._inner.return_lease(lease_id, request))

    def acknowledge_purges(self, request: PurgeAckRequest) -> PurgeAckResponse:
        return self.through(lambda: self._inner.acknowledge_purges(request))

    def begin_upload(self, photo: Photo) -> str:
        return self.through(lambda: self._inner.begin_upload(photo))

    def continue_upload(self, photo: Photo, upload_url: str) -> None:
        self.through(lambda: self._inner.continue_upload(photo, upload_url))

    def through(self, ask: Callable[[], T]) -> T:
        """Ask, unless there is no line; the answer may be lost although the server has done the work."""
        if self.weather.is_offline:
            self.weather.refused_offline += 1
            raise LineFailed("no line")
        answer = ask()
        self.weather.requests += 1
        if self._random.random() < self.weather.answers_lost_share:
            self.weather.answers_lost += 1
            raise LineFailed("the answer was lost on its way")
        return answer
