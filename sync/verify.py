"""Verify: narrow down where two ends differ, and send what is true there (C6)."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from contracts.pull import Digest
from contracts.verify import LEAF_MAX, Branch, VerifyRequest, VerifyResponse
from sync.digest import digest_of, write_digest
from sync.store import Snapshot
from sync.written import as_change

Live = Sequence[tuple[str, str, int]]  # (id, kind, version), ordered by id


def answer_verify(snapshot: Snapshot, request: VerifyRequest) -> VerifyResponse:
    """Compare each prefix that the tablet names and answer those that differ."""
    live = snapshot.live_ids(request.bucket)
    branches = [_answer(snapshot, request.bucket, live, prefix, have) for prefix, have in request.have.items()]
    head = snapshot.buckets([request.bucket])[request.bucket].head
    return VerifyResponse(bucket=request.bucket, head=head, differ=[one for one in branches if one is not None])


def digest_under(live: Live) -> Digest:
    """Return the digest of some live records."""
    return Digest(n=len(live), d=write_digest(digest_of((kind, id, version) for id, kind, version in live)))


def split(live: Live, prefix: str) -> Mapping[str, Live]:
    """Return the records by the shortest longer prefixes that tell at least two groups apart."""
    first, last = live[0][0], live[-1][0]  # ids are ordered, so these two differ the earliest
    length = next((at for at, pair in enumerate(zip(first, last, strict=True)) if pair[0] != pair[1]), len(first))
    length = max(length, len(prefix)) + 1
    return {longer: list(group) for longer, group in groupby(live, lambda row: row[0][:length])}


def _answer(snapshot: Snapshot, bucket: str, live: Live, prefix: str, have: Digest) -> Branch | None:
    here = [row for row in live if row[0].startswith(prefix)]
    truth = digest_under(here)
    if (truth.n, truth.d) == (have.n, have.d):
        return None
    if len(here) > LEAF_MAX:
        return Branch(prefix=prefix, narrower={key: digest_under(rows) for key, rows in split(here, prefix).items()})
    rows = snapshot.rows_of(bucket, [id for id, _, _ in here])
    return Branch(prefix=prefix, records=[as_change(bucket, row) for row in rows])
