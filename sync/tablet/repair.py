"""Repair: find where a bucket differs from the server's, mend it, and keep the incident (C6)."""

from collections.abc import Callable, Mapping
from itertools import groupby, islice

from contracts.pull import Change, Digest
from contracts.verify import PREFIXES_MAX, Branch, VerifyRequest, VerifyResponse
from sync.digest import digest_of, write_digest
from sync.tablet.database import Database
from sync.tablet.replica import Replica, Row, row_of

QUESTIONS_MAX = 400  # a bucket of 2 million records needs no more
NOTHING = Digest(n=0, d=write_digest(0))
Members = list[tuple[str, str, int]]


class Repair:
    """Narrows down by id prefix what differs, then takes the server's word there."""

    def __init__(self, database: Database, replica: Replica, ask: Callable[[VerifyRequest], VerifyResponse]) -> None:
        self._database, self._replica, self._ask = database, replica, ask

    def mend(self, bucket: str, theirs: Digest, now: str) -> int:
        """Make a bucket equal to the server's; return how many records were wrong, missing or too many."""
        mine = self._replica.digests().get(bucket, NOTHING)
        open_prefixes = {"": mine}
        mended = 0
        for _ in range(QUESTIONS_MAX):
            if not open_prefixes:
                break
            asked = dict(islice(open_prefixes.items(), PREFIXES_MAX))
            response = self._ask(VerifyRequest(bucket=bucket, have=asked))
            open_prefixes = {prefix: have for prefix, have in open_prefixes.items() if prefix not in asked}
            for branch in response.differ:
                if branch.records is None:
                    open_prefixes |= self._narrow(bucket, branch)
                else:
                    mended += self._replace(bucket, branch.prefix, branch.records)
        self._note(bucket, mine, theirs, mended, now)
        return mended

    def _narrow(self, bucket: str, branch: Branch) -> Mapping[str, Digest]:
        """Return the longer prefixes that differ, with what the tablet holds there."""
        narrower = branch.narrower or {}
        length = len(next(iter(narrower), branch.prefix + "0"))
        members = self._replica.members(bucket, branch.prefix)
        held = {key: _digest(list(group)) for key, group in groupby(members, lambda row: row[1][:length])}
        pairs = {key: (held.get(key, NOTHING), narrower.get(key, NOTHING)) for key in held.keys() | narrower.keys()}
        return {key: mine for key, (mine, theirs) in sorted(pairs.items()) if (mine.n, mine.d) != (theirs.n, theirs.d)}

    def _replace(self, bucket: str, prefix: str, records: list[Change]) -> int:
        """Take the whole truth under a prefix; anything else there leaves the bucket."""
        truth = {(change.k, change.id): change for change in records}
        held = {(kind, id): version for kind, id, version in self._replica.members(bucket, prefix)}
        gone = [Row(bucket, kind, id, 0, "", "repair") for kind, id in held.keys() - truth.keys()]
        wrong = [row_of(change) for key, change in truth.items() if held.get(key) != change.v]
        with self._database.transaction():
            self._replica.apply([*gone, *wrong])
        return len(gone) + len(wrong)

    def _note(self, bucket: str, mine: Digest, theirs: Digest, mended: int, now: str) -> None:
        self._database.execute(
            "INSERT INTO incident (at, bucket, mine, theirs, mended) VALUES (?, ?, ?, ?, ?)",
            (now, bucket, f"{mine.n}|{mine.d}", f"{theirs.n}|{theirs.d}", mended),
        )


def _digest(members: Members) -> Digest:
    return Digest(n=len(members), d=write_digest(digest_of(members)))
