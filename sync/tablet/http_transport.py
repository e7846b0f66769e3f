"""The transport over HTTP: every call of the protocol as a request, files by tus."""

from base64 import b64encode
from hashlib import sha256

from contracts.hello import HelloResponse
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.pull import PullRequest, PullResponse
from contracts.purges import PurgeAckRequest, PurgeAckResponse
from contracts.push import PushRequest, PushResponse
from contracts.verify import VerifyRequest, VerifyResponse
from sync.tablet.errors import LineFailed
from sync.tablet.http import API, HttpLine
from sync.tablet.photos import Photo

PART_BYTES = 262_144
TUS = {"Tus-Resumable": "1.0.0"}


class HttpTransport:
    """A Transport over an HttpLine."""

    def __init__(self, line: HttpLine) -> None:
        self.line = line

    def hello(self) -> HelloResponse:
        return self.line.call("POST", "/sync/hello", None, HelloResponse)

    def push(self, request: PushRequest) -> PushResponse:
        return self.line.call("POST", "/sync/push", request, PushResponse)

    def pull(self, request: PullRequest) -> PullResponse:
        return self.line.call("POST", "/sync/pull", request, PullResponse, wait_s=request.wait_s)

    def verify(self, request: VerifyRequest) -> VerifyResponse:
        return self.line.call("POST", "/sync/verify", request, VerifyResponse)

    def acquire_lease(self, request: LeaseRequest) -> Lease:
        return self.line.call("POST", "/sync/leases", request, Lease)

    def return_lease(self, lease_id: str, request: LeaseReturn) -> None:
        self.line.call("DELETE", f"/sync/leases/{lease_id}", request, type(None))

    def acknowledge_purges(self, request: PurgeAckRequest) -> PurgeAckResponse:
        return self.line.call("POST", "/sync/purges/ack", request, PurgeAckResponse)

    def begin_upload(self, photo: Photo) -> str:
        metadata = {"filename": photo.sha256, "filetype": photo.media_type}
        pairs = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in metadata.items())
        told = {**TUS, "Upload-Length": str(len(photo.content)), "Upload-Metadata": pairs}
        return self.line.send("POST", f"{API}/files", headers=told).headers["Location"]

    def continue_upload(self, photo: Photo, upload_url: str) -> None:
        """Ask how far the upload is, then send part by part, each with its checksum."""
        answer = self.line.send("HEAD", upload_url, headers=TUS)
        while (offset := int(answer.headers["Upload-Offset"])) < len(photo.content):
            part = photo.content[offset : offset + PART_BYTES]
            checksum = b64encode(sha256(part).digest()).decode()
            told = {
                **TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset),
                "Upload-Checksum": f"sha256 {checksum}",
            }  # fmt: skip
            answer = self.line.send("PATCH", upload_url, content=part, headers=told)
        if answer.headers.get("File-Sha256") != photo.sha256:
            raise LineFailed("the server has other bytes than were sent")
