"""What a tablet asks of the line: one method for each call of the protocol, messages in, messages out."""

from typing import Protocol

from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse
from contracts.push import PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse
from sync.tablet.photos import Photo


class Transport(Protocol):
    """A line to the server for one install with one person signed in.

    Each call returns the server's answer, or raises Refused with the server's reason, or LineFailed when no
    answer came. It neither retries nor waits: the session decides that. It tells the device's clocks with
    every call.
    """

    def hello(self) -> HelloResponse: ...
    def push(self, request: PushRequest) -> PushResponse: ...
    def pull(self, request: PullRequest) -> PullResponse: ...
    def verify(self, request: VerifyRequest) -> VerifyResponse: ...
    def acquire_lease(self, request: LeaseRequest) -> Lease: ...
    def return_lease(self, lease_id: str, request: LeaseReturn) -> None: ...
    def acknowledge_purges(self, request: PurgeAckRequest) -> PurgeAckResponse: ...
    def begin_upload(self, photo: Photo) -> str: ...
    def continue_upload(self, photo: Photo, upload_url: str) -> None:
        """Send what the server does not have yet; returns when it has all of it and the checksum is right."""
        ...
