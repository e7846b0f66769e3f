"""HTTP as a tablet speaks it: headers, compression, tokens renewed in time, problem documents turned into refusals."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import httpx
import msgspec
from backports import zstd

from contracts.auth import RefreshRequest, TokenResponse
from contracts.errors import ErrorCode, ProblemDocument
from contracts.version import SCHEMA
from sync.moments import read_moment
from sync.tablet.clock import Clock
from sync.tablet.errors import LineFailed, Refused

T = TypeVar("T")

API = "/api/v1"
TIMEOUT_S = 20.0
COMPRESS_BYTES_MIN = 2_048
ANSWER_BYTES_MAX = 64 * 1_048_576  # of an inflated body; a page is at most 8 MiB
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Tokens(NamedTuple):
    """What shows who is signed in, for some minutes, and what is traded for the next pair."""

    access: str
    refresh: str


class TokenKeeper(Protocol):
    """Where tokens outlive the app; a revoked tablet needs its last ones to hand in receipts."""

    def read(self) -> Tokens | None: ...
    def keep(self, tokens: Tokens | None) -> None: ...


class HttpLine:
    """One install's line to one server. Each request goes out once; only an expired token is renewed in between."""

    def __init__(
        self, client: httpx.Client, install_id: str, clock: Clock, tokens: TokenKeeper, *, schema: int = SCHEMA
    ) -> None:
        """`client` has the server's root as its base URL."""
        self.client, self.install_id, self.clock, self.tokens, self.schema = client, install_id, clock, tokens, schema

    def call(self, method: str, path: str, said: Any, type_: type[T], *, wait_s: float = 0) -> T:
        """Send a message, or nothing for None, and return the answer. Raises LineFailed or Refused."""
        content = None if said is None else msgspec.json.encode(said)
        response = self.send(method, f"{API}{path}", content=content, wait_s=wait_s)
        body = _inflated(response)
        try:
            return msgspec.json.decode(body or b"null", type=type_)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise LineFailed(f"{path}: the answer is not one of padsync's") from error

    def send(
        self, method: str, url: str, *, content: bytes | None = None, headers: Mapping[str, str] = {}, wait_s: float = 0
    ) -> httpx.Response:
        """Send a request, renewing the access token once if it has expired. Raises LineFailed or Refused."""
        try:
            return self._send(method, url, content, headers, wait_s)
        except Refused as refused:
            if not refused.says(ErrorCode.UNAUTHENTICATED) or self.tokens.read() is None:
                raise
        self.renew()
        return self._send(method, url, content, headers, wait_s)

    def renew(self) -> None:
        """Trade the refresh token for a new pair. Raises Refused when only signing in again helps."""
        tokens = self.tokens.read()
        assert tokens is not None, "nobody is signed in"
        said = RefreshRequest(install_id=self.install_id, refresh_token=tokens.refresh)
        response = self._send("POST", f"{API}/auth/refresh", msgspec.json.encode(said), {}, 0)
        answer = msgspec.json.decode(_inflated(response), type=TokenResponse)
        self.tokens.keep(Tokens(answer.access_token, answer.refresh_token))

    def headers(self) -> dict[str, str]:
        """Return who calls, and what the device's clocks say."""
        told = self.clock.read()
        wall = read_moment(told.wall)
        headers = {
            "Sync-Install": self.install_id,
            "Sync-Schema": str(self.schema),
            "Sync-Time": str(int(wall.timestamp() * 1000)) if wall else "",
            "Sync-Boot": told.boot,
            "Sync-Mono": str(told.mono_ms),
            "Accept-Encoding": "zstd, gzip",
        }
        tokens = self.tokens.read()
        return headers | ({"Authorization": f"Bearer {tokens.access}"} if tokens else {})

    def _send(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], wait_s: float
    ) -> httpx.Response:
        sent = self.headers() | dict(headers)
        if content is not None and "Content-Type" not in headers:
            sent["Content-Type"] = "application/json"
            if len(content) >= COMPRESS_BYTES_MIN:
                content, sent["Content-Encoding"] = zstd.compress(content), "zstd"
        try:
            response = self.client.request(method, url, content=content, headers=sent, timeout=TIMEOUT_S + wait_s)
        except httpx.TransportError as error:
            raise LineFailed(f"{method} {url}: {error}") from error
        if response.status_code >= 400:
            raise refusal_of(response)
        return response


def refusal_of(response: httpx.Response) -> Exception:
    """Return what an answer of 400 and above means; one that is no problem document comes from somewhere between."""
    try:
        return Refused(msgspec.json.decode(_inflated(response), type=ProblemDocument))
    except (msgspec.ValidationError, msgspec.DecodeError):
        pass
    code = BODILESS.get(response.status_code) if response.request.method == "HEAD" else None
    if code is None:
        return LineFailed(f"{response.status_code} from something that is not padsync")
    return Refused(ProblemDocument(type="about:blank", title=code.meaning, status=code.status, code=code.code))


# An answer to HEAD has no body that could tell more than its status.
BODILESS: Mapping[int, ErrorCode] = {
    code.status: code
    for code in (
        ErrorCode.UNAUTHENTICATED, ErrorCode.REVOKED, ErrorCode.NOT_FOUND, ErrorCode.GONE_FILE,
        ErrorCode.TOO_MANY_REQUESTS, ErrorCode.UNAVAILABLE,
    )
}  # fmt: skip


def _inflated(response: httpx.Response) -> bytes:
    """Return the body; httpx inflates gzip, and leaves zstd alone unless an optional package is there."""
    body = response.content
    if not body.startswith(ZSTD_MAGIC):
        return body
    try:
        return zstd.ZstdDecompressor().decompress(body, max_length=ANSWER_BYTES_MAX)
    except zstd.ZstdError as error:
        raise LineFailed("the answer cannot be inflated") from error
