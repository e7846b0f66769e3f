"""Access tokens: short-lived signed words (JWT, HS256) that name a session; whether it stands, the database says."""

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from msgspec import Struct

from backend.auth.errors import Unauthenticated
from backend.auth.keys import Purpose, derive

ALGORITHM = "HS256"
TOKEN_LENGTH_MAX = 1000
CACHED_MAX = 8192  # checked signatures; some 2 KB each


class Claims(Struct, frozen=True, kw_only=True):
    """What an access token says: person, install, session, and its end in seconds since 1970."""

    sub: str
    ins: str
    sid: str
    exp: int


class AccessTokens:
    """Makes and reads access tokens. A checked signature is remembered, so that asking again costs nothing."""

    def __init__(self, secret: bytes, life_s: int) -> None:
        self.life_s = life_s
        self._key = OctKey.import_key(derive(secret, Purpose.ACCESS))
        self._check = lru_cache(maxsize=CACHED_MAX)(self._read_signed)

    def make(self, staff_no: str, install_id: str, session_id: str, now: datetime) -> str:
        """Return a token that lives `life_s` seconds."""
        end = int((now + timedelta(seconds=self.life_s)).timestamp())
        claims = Claims(sub=staff_no, ins=install_id, sid=session_id, exp=end)
        return jwt.encode({"alg": ALGORITHM}, msgspec.to_builtins(claims), self._key, algorithms=[ALGORITHM])

    def read(self, authorization: str | None) -> Claims:
        """Return what a header's bearer token says, expired or not. Raises Unauthenticated unless we made it."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
            raise Unauthenticated("Authorization: Bearer is missing")
        return self._check(token)

    def _read_signed(self, token: str) -> Claims:
        try:
            return msgspec.convert(jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims, Claims)
        except (JoseError, ValueError, TypeError, msgspec.ValidationError) as error:
            raise Unauthenticated("the access token is not one of ours") from error
