"""Sign-in challenges that the server need not remember: they follow from the install's count of sign-ins and the time.

A verified proof raises the count, which uses up every challenge made before it.
"""

import hmac
from datetime import datetime

from backend.auth.keys import Purpose, derive
from sync.signing import canonical, encode_base64url, verify


def make_challenge(secret: bytes, install_id: str, sign_in_count: int, at: datetime, window_s: int) -> str:
    """Return the challenge of this moment's window; it is good until the end of the next window."""
    return _challenge(secret, install_id, sign_in_count, int(at.timestamp()) // window_s)


def is_proven(
    secret: bytes, public_key: bytes, install_id: str, staff_no: str, proof: str,
    *, sign_in_count: int, at: datetime, window_s: int,
) -> bool:  # fmt: skip
    """Say whether `proof` is the device key's signature over a challenge of this window or the one before."""
    window = int(at.timestamp()) // window_s
    challenges = (_challenge(secret, install_id, sign_in_count, window - age) for age in (0, 1))
    return any(verify(public_key, proof_payload(said, install_id, staff_no), proof) for said in challenges)


def proof_payload(challenge: str, install_id: str, staff_no: str) -> bytes:
    """Return what a device signs to sign in: canonical JSON of the three."""
    return canonical({"challenge": challenge, "install_id": install_id, "staff_no": staff_no})


def _challenge(secret: bytes, install_id: str, sign_in_count: int, window: int) -> str:
    said = f"{install_id}|{sign_in_count}|{window}".encode()
    return encode_base64url(hmac.digest(derive(secret, Purpose.CHALLENGE), said, "sha256"))
