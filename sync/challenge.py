"""Sign-in challenges that the server need not remember: they follow from an install's count of sign-ins and the time.

A verified proof raises the count, which uses up every challenge made before it.
"""

import hmac
from datetime import datetime

from sync.signing import canonical, encode_base64url, verify


def challenges_at(secret: bytes, install_id: str, sign_ins: int, at: datetime, window_s: int) -> tuple[str, str]:
    """Return the challenges that are good at a moment, newest first: this window's and the one's before."""
    window = int(at.timestamp()) // window_s
    newest, older = (_challenge(secret, install_id, sign_ins, number) for number in (window, window - 1))
    return newest, older


def is_proven(public_key: bytes, challenges: tuple[str, ...], install_id: str, staff_no: str, proof: str) -> bool:
    """Say whether `proof` is the device key's signature over one of these challenges for this person."""
    return any(verify(public_key, proof_payload(said, install_id, staff_no), proof) for said in challenges)


def proof_payload(challenge: str, install_id: str, staff_no: str) -> bytes:
    """Return what a device signs to sign in: canonical JSON of the three."""
    return canonical({"challenge": challenge, "install_id": install_id, "staff_no": staff_no})


def _challenge(secret: bytes, install_id: str, sign_ins: int, window: int) -> str:
    said = f"challenge|{install_id}|{sign_ins}|{window}"
    return encode_base64url(hmac.digest(secret, said.encode(), "sha256"))
