"""Refresh tokens: a chain in which each follows from the one before, so that a retry gets the same successor.

token n+1 = HMAC(server key, token n); the database holds the newest one's hash alone. Whoever presents an older
one can be told from whoever invents one: the older one, carried forward, ends at that hash.
"""

import hmac
import re
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256

from msgspec import Struct

from backend.auth.keys import Purpose, derive
from sync.moments import read_moment
from sync.signing import decode_base64url, encode_base64url

SEED_BYTES = 32
# A session refreshed every ten minutes for two weeks; older tokens are merely unknown.
STEPS_MAX = 2000


WRITTEN = re.compile(r"(?P<session_id>[0-9a-f-]{36})\.(?P<n>[0-9]{1,9})\.(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII)


class RefreshToken(Struct, frozen=True, kw_only=True):
    """A token in parts: its session, its place in the chain, its secret."""

    session_id: str
    n: int
    secret: bytes

    def write(self) -> str:
        """Return the token as tablets hold it."""
        return f"{self.session_id}.{self.n}.{encode_base64url(self.secret)}"

    @property
    def hash(self) -> str:
        """What the database keeps of it."""
        return sha256(self.secret).hexdigest()


class Verdict(Enum):
    """What a presented refresh token means."""

    UNKNOWN = "unknown"  # never ours, or too old to tell
    ROTATE = "rotate"  # the newest one
    REPEAT = "repeat"  # the one before, whose answer was lost a moment ago: the newest is given again
    REUSED = "reused"  # spent: somebody holds what was given to somebody else


def read_refresh_token(text: str) -> RefreshToken | None:
    """Return a token's parts, or None if it has none."""
    parts = WRITTEN.fullmatch(text)
    if parts is None:
        return None
    return RefreshToken(session_id=parts["session_id"], n=int(parts["n"]), secret=decode_base64url(parts["secret"]))


def follow(token: RefreshToken, steps: int, server_secret: bytes) -> RefreshToken:
    """Return the token `steps` places further along the chain."""
    key, secret = derive(server_secret, Purpose.REFRESH), token.secret
    for _ in range(steps):
        secret = hmac.digest(key, secret, "sha256")
    return RefreshToken(session_id=token.session_id, n=token.n + steps, secret=secret)


def judge(
    token: RefreshToken, newest_n: int, newest_hash: str, rotated_at: str,
    *, server_secret: bytes, now: datetime, grace_s: int,
) -> tuple[Verdict, RefreshToken]:  # fmt: skip
    """Return what a presented token means, and the token that its holder should have from now on."""
    behind = newest_n - token.n
    if not 0 <= behind <= STEPS_MAX:
        return Verdict.UNKNOWN, token
    newest = follow(token, behind, server_secret)
    if not hmac.compare_digest(newest.hash, newest_hash):
        return Verdict.UNKNOWN, token
    if behind == 0:
        return Verdict.ROTATE, follow(newest, 1, server_secret)
    rotated = read_moment(rotated_at)
    is_recent = rotated is not None and now - rotated <= timedelta(seconds=grace_s)
    return (Verdict.REPEAT if behind == 1 and is_recent else Verdict.REUSED), newest
