"""I9: evidence and audit chains verify, and a single flipped bit is found."""

from hashlib import sha256
from random import Random

import msgspec
import rfc8785

from sync.memory import Tables
from sync.signing import PrivateKey, verify, write_public_jwk
from sync.store import AuditEntry, Evidence


def check_i9_audit(tables: Tables) -> None:
    """I9: every stream's entries link to the one before."""
    for stream, chain in tables.audit.items():
        assert is_whole(chain), f"I9: the audit stream {stream} is broken"


def check_i9_audit_flip(tables: Tables, random: Random) -> None:
    """I9: an entry that was changed, dropped or moved breaks its stream."""
    streams = sorted(stream for stream, chain in tables.audit.items() if len(chain) > 1)
    if not streams:
        return
    chain = list(tables.audit[random.choice(streams)])
    at = random.randrange(len(chain) - 1)
    entry, link = chain[at]
    flipped = msgspec.structs.replace(entry, actor=_flip(entry.actor, random))
    assert not is_whole([*chain[:at], (flipped, link), *chain[at + 1 :]]), "I9: a flipped bit was not found"
    assert not is_whole([*chain[:at], *chain[at + 1 :]]), "I9: a dropped entry was not found"


def is_whole(chain: list[tuple[AuditEntry, str]]) -> bool:
    """Recompute a chain as domain-rules.md §14 says it, without the engine's code."""
    previous = ""
    for entry, link in chain:
        sealed = sha256(bytes.fromhex(previous) + rfc8785.dumps(msgspec.to_builtins(entry))).hexdigest()
        if sealed != link:
            return False
        previous = link
    return True


def check_i9_evidence(tables: Tables, random: Random) -> None:
    """I9: all evidence is the device's word, links to what came before or says that it does not; a flip is found."""
    seen: dict[str, list[str]] = {}
    for evidence in sorted(tables.evidence.values(), key=lambda one: (one.install_id, one.n)):
        assert _is_sound(evidence, tables), f"I9: evidence n={evidence.n} of {evidence.install_id} is not sound"
        _check_link(evidence, seen.setdefault(evidence.install_id, []), tables)
        seen[evidence.install_id].append(evidence.hash)
    if tables.evidence:
        one = random.choice(sorted(tables.evidence.values(), key=lambda one: one.hash))
        at = random.randrange(len(one.mutation))
        flipped = bytes([*one.mutation[:at], one.mutation[at] ^ 1, *one.mutation[at + 1 :]])
        assert not _is_sound(msgspec.structs.replace(one, mutation=flipped), tables), "I9: a flipped bit was not found"


def check_i9_seals(tables: Tables, key: PrivateKey, random: Random) -> None:
    """I9: the server has countersigned all evidence, push by push; evidence changed, removed or moved is found."""
    pushes: dict[tuple[str, str], list[Evidence]] = {}
    for one in sorted(tables.evidence.values(), key=lambda one: (one.install_id, one.n)):
        pushes.setdefault((one.install_id, one.countersignature), []).append(one)
    server_key = write_public_jwk(key.public_key())
    for together in pushes.values():
        assert _is_sealed(together, server_key), f"I9: the seal of n={together[0].n} does not hold"
    if pushes:
        together = pushes[random.choice(sorted(pushes))]
        flipped = msgspec.structs.replace(together[0], hash=_flip(together[0].hash, random))
        assert not _is_sealed([flipped, *together[1:]], server_key), "I9: changed evidence was not found"
        assert not _is_sealed(together[1:], server_key), "I9: removed evidence was not found"
        assert not _is_sealed([*together, flipped], server_key), "I9: inserted evidence was not found"
        moved = [*together[1:], together[0]]
        assert len(together) == 1 or not _is_sealed(moved, server_key), "I9: evidence that changed places was not found"


def _is_sealed(together: list[Evidence], server_key: bytes) -> bool:
    if not together:  # then the next one follows nothing that is there
        return False
    hashes = ",".join(one.hash for one in together)
    sealed = f"{hashes}|{together[0].received_at}".encode()
    return all(verify(server_key, sealed, one.countersignature) for one in together)


def _is_sound(evidence: Evidence, tables: Tables) -> bool:
    if sha256(evidence.mutation).hexdigest() != evidence.hash:
        return False
    body = msgspec.json.decode(evidence.mutation)
    sig = body.pop("sig")
    return verify(tables.installs[evidence.install_id].public_key, rfc8785.dumps(body), sig)


def _check_link(evidence: Evidence, before: list[str], tables: Tables) -> None:
    """I9: evidence that does not follow the newest one carries a flag, as far as it became a record."""
    record = tables.records.get((evidence.kind, evidence.id))  # type: ignore[call-overload]  # a Key is such a pair
    if record is None or record.standing != "live":
        return
    body = msgspec.json.decode(record.body)
    if body.get("hash") != evidence.hash:  # the record was made by other evidence under the same id
        return
    if b'"parked"' in tables.remembered[evidence.install_id, evidence.n].outcome:
        return  # it became a record by a supervisor's retry, which does not judge its place in the chain again
    follows = evidence.prev == (before[-1] if before else "")
    flags = set(body.get("flags", ())) & {"chain_fork", "chain_gap"}
    assert follows != bool(flags), f"I9: evidence n={evidence.n} of {evidence.install_id} follows={follows}, {flags}"


def _flip(text: str, random: Random) -> str:
    at = random.randrange(len(text))
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
