"""One key per purpose, all from the server's secret, so that no signature is good for two things."""

import hmac
from enum import StrEnum
from functools import lru_cache


class Purpose(StrEnum):
    """What a derived key is for."""

    ACCESS = "access token"
    REFRESH = "refresh token"


@lru_cache(maxsize=64)
def derive(secret: bytes, purpose: Purpose) -> bytes:
    """Return the 32-byte key of a purpose."""
    return hmac.digest(secret, purpose.value.encode(), "sha256")
