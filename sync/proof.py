"""The proof for outsiders: what an exported month says, and how anybody checks it without this server.

An export is a zip of `manifest.json`, `evidence.jsonl`, `roots.jsonl` and `grades.jsonl`, stored without compression.
"""

from typing import Any

import msgspec
from msgspec import Struct

from contracts.base import Body
from sync.merkle import merkle_root
from sync.signing import PrivateKey, canonical, hash_hex, sign, verify, write_public_jwk
from sync.store import Evidence

FORMAT = "padsync-evidence/1"
MANIFEST, EVIDENCE, ROOTS, GRADES = "manifest.json", "evidence.jsonl", "roots.jsonl", "grades.jsonl"
LINES = (EVIDENCE, ROOTS, GRADES)


class EvidenceLine(Struct, frozen=True, kw_only=True):
    """A piece of evidence as it came; `mutation` is its canonical JSON, signature included."""

    install_id: str
    n: int
    hash: str
    prev: str
    kind: str
    id: str
    received_at: str
    countersignature: str
    mutation: str


class RootLine(Struct, frozen=True, kw_only=True):
    """The server's signed word about all evidence of an institution's tablets that arrived on one day of Shanghai."""

    org_id: str
    date: str
    count: int
    root: str
    prev: str  # hash of the institution's root before, "" for the first: no day can go
    sig: str = ""


class GradeLine(Struct, frozen=True, kw_only=True):
    """What a visit was found worth, signed by the server."""

    id: str
    version: int
    grade: Body
    sig: str = ""


class Manifest(Struct, frozen=True, kw_only=True):
    """What an export holds, whose keys it is checked by, and the digest of each of its files."""

    format: str
    org_id: str
    month: str
    made_at: str
    server_key: dict[str, Any]  # JWK
    installs: dict[str, dict[str, Any]]  # JWK of each
    counts: dict[str, int]
    digests: dict[str, str]
    sig: str = ""


Signed = RootLine | GradeLine | Manifest

encode = msgspec.json.Encoder().encode


def evidence_line(evidence: Evidence) -> EvidenceLine:
    """Return a piece of evidence as the export writes it."""
    names = ("install_id", "n", "hash", "prev", "kind", "id", "received_at", "countersignature")
    told = {name: getattr(evidence, name) for name in names}
    return EvidenceLine(**told, mutation=evidence.mutation.decode())


def leaf_of(line: EvidenceLine) -> bytes:
    """Return what a day's root covers of an entry: all of it, the mutation by its hash."""
    return canonical({name: getattr(line, name) for name in line.__struct_fields__ if name != "mutation"})


def root_of(lines: list[EvidenceLine]) -> str:
    """Return the root over a day's entries, which lie in the order of install and number."""
    return merkle_root([leaf_of(line) for line in sorted(lines, key=lambda line: (line.install_id, line.n))])


def sign_line(line: Signed, key: PrivateKey) -> Any:
    """Return the line with the server's signature."""
    return msgspec.structs.replace(line, sig=sign(key, payload_of(line)))


def is_signed(line: Signed, jwk: bytes) -> bool:
    """Say whether a line carries the signature of this key."""
    return verify(jwk, payload_of(line), line.sig)


def payload_of(line: Signed) -> bytes:
    """Return what a signature covers: the canonical JSON without it."""
    return canonical({name: value for name, value in msgspec.to_builtins(line).items() if name != "sig"})


def hash_of_root(line: RootLine) -> str:
    """Return what the institution's next root names."""
    return hash_hex(canonical(msgspec.to_builtins(line)))


def fingerprint(jwk: dict[str, Any]) -> str:
    """Return the SHA-256 by which a key is compared with one that was kept elsewhere."""
    return hash_hex(canonical(jwk))


def write_export(
    manifest: Manifest, evidence: list[EvidenceLine], roots: list[RootLine], grades: list[GradeLine], key: PrivateKey
) -> dict[str, bytes]:
    """Return the files of an export, the manifest completed with counts, digests and signature."""
    told: dict[str, list[Any]] = {
        EVIDENCE: list(evidence),
        ROOTS: list(roots),
        GRADES: [sign_line(line, key) for line in grades],
    }
    files = {name: b"".join(encode(line) + b"\n" for line in lines) for name, lines in told.items()}
    whole = msgspec.structs.replace(
        manifest,
        server_key=msgspec.json.decode(write_public_jwk(key.public_key())),
        counts={name: len(lines) for name, lines in told.items()},
        digests={name: hash_hex(content) for name, content in files.items()},
    )
    return {MANIFEST: encode(sign_line(whole, key)), **files}
