"""The deliberate bugs: each a small edit that a tired colleague could make, and why it must not survive the tests."""

from typing import NamedTuple


class Edit(NamedTuple):
    """A piece of source and what the bug makes of it; the piece must occur exactly once."""

    path: str
    before: str
    after: str


class Bug(NamedTuple):
    """One deliberate bug."""

    name: str
    edits: tuple[Edit, ...]
    seeds: range = range(1, 151)  # of the simulator that hunts it; every tenth runs on SQLite


PUSH, ENGINE, PULL, FEED = "sync/push.py", "sync/engine.py", "sync/pull.py", "sync/feed.py"
MEMORY, UNIT, COMMITTERS = "sync/memory.py", "backend/storage/unit.py", "backend/storage/committers.py"
OUTBOX, REPLICA = "sync/tablet/outbox.py", "sync/tablet/replica.py"
ON_SQLITE = range(10, 1001, 10)

BUGS: tuple[Bug, ...] = (
    Bug(
        "the acknowledged number is committed after the effects, not with them",
        (
            Edit(
                PUSH,
                "unit.save_install(msgspec.structs.replace(install, evidence_head=desk.evidence_head))",
                "before = unit.find_install(install.install_id)\n"
                "        unit.save_install(msgspec.structs.replace(before, evidence_head=desk.evidence_head))",
            ),
            Edit(
                ENGINE,
                "        return self.store.write(work)\n\n    def push_within",
                "        response = self.store.write(work)\n"
                "        def later(unit):\n"
                "            install = unit.find_install(actor.install_id)\n"
                "            unit.save_install(msgspec.structs.replace(install, ack_n=response.ack_n))\n"
                "        self.store.write(later)\n"
                "        return response\n\n    def push_within",
            ),
        ),
    ),
    Bug(
        "a retry is answered anew instead of from memory",
        (Edit(PUSH, "outcome = decode_outcome(first.outcome)", 'outcome = Outcome(n=parcel.n, status="noop")'),),
    ),
    Bug(
        "a batch with a gap is taken all the same",
        (
            Edit(
                PUSH, "(fresh if parcel.n == ack_n + len(fresh) + 1 else rest)", "(fresh if parcel.n > ack_n else rest)"
            ),
        ),
    ),
    Bug(
        "a retry shows the other side's value to whoever lost access",
        (Edit(PUSH, "for key, record in stored.items() if actor.sees(record.buckets)}", "for key in stored}"),),
        seeds=range(1, 1201),
    ),
    Bug(
        "a cursor goes past rows that were not sent",
        (Edit(PULL, "Position(head if rows.is_end else rows.last,", "Position(head,"),),
    ),
    Bug(
        "a round counts as complete when its first bucket is",
        (Edit(PULL, "is_complete = all(", "is_complete = any("),),
    ),
    Bug(
        "a cursor below the floor is taken without a reset",
        (Edit(PULL, "return at.seq < state.floor if at.boot is None else", "return False if at.boot is None else"),),
        seeds=range(1, 401),
    ),
    Bug(
        "a merge ignores what the tablet believed",
        (Edit("sync/merge.py", "is_free = _same(theirs, believed) or changed_in(", "is_free = True or changed_in("),),
    ),
    Bug(
        "field versions stay behind",
        (
            Edit(
                "sync/records.py",
                "field_versions={**before.field_versions, **dict.fromkeys(touched, version)},",
                "field_versions=before.field_versions,",
            ),
        ),
    ),
    Bug(
        "max keeps whoever came last",
        (Edit("sync/merge.py", "Merge.MAX: _extreme(max),", "Merge.MAX: _mine,"),),
        seeds=range(1, 401),
    ),
    Bug(
        "a transition is judged by the state that the tablet believed",
        (
            Edit(
                "sync/ops/change.py",
                "match decide_transition(kind.life, current, request.to, passed):",
                "match decide_transition(kind.life, request.from_ or current, request.to, passed):",
            ),
        ),
        seeds=range(1, 601),
    ),
    Bug(
        "a digest forgets to give up the version that was",
        (Edit(FEED, "n, digest = n - 1, digest - record_hash(kind, id, was)", "n = n - 1"),),
    ),
    Bug(
        "a record that moves leaves no row in its old bucket",
        (Edit(FEED, "for bucket in old | after.buckets:", "for bucket in after.buckets:"),),
    ),
    Bug(
        "a lost portfolio is not ordered to be purged",
        (
            Edit(
                ENGINE, "removed = self._custody.order_removals(actor.install_id, lost) if lost else []", "removed = []"
            ),
        ),
    ),
    Bug(
        "the head of the evidence chain is not advanced",
        (Edit("sync/ops/begin.py", "    desk.evidence_head = parcel.hash\n", ""),),
    ),
    Bug(
        "a deleted id comes back",
        (Edit("sync/ops/begin.py", "raise Refused(ErrorCode.ID_RETIRED)", "return None"),),
        seeds=range(1, 401),
    ),
    Bug(
        "a review keeps the other side's value for its author to read",
        (
            Edit(
                "sync/reviews.py",
                'return {name: value for name, value in body.items() if name != "theirs"}',
                "return body",
            ),
        ),
    ),
    Bug(
        "two blocks of numbers share their last and first",
        (Edit(MEMORY, "series, date] = first + count", "series, date] = first + count - 1"),),
    ),
    Bug(
        "after a restore the number lines go on as if nothing had been given out",
        (Edit(MEMORY, "{line: next + number_gap for line, next in backup.lines.items()}", "dict(backup.lines)"),),
        seeds=range(1, 801),
    ),
    Bug(
        "an audit entry links to nothing",
        (Edit(MEMORY, 'link(chain[-1][1] if chain else "", entry)', 'link("", entry)'),),
    ),
    Bug(
        "an optimistic change disappears with its outcome instead of with the pull",
        (
            Edit(
                OUTBOX,
                '"SELECT wire FROM mutation WHERE kind = ? AND id = ? AND n > (SELECT ack_n FROM install) ORDER BY n"',
                '"SELECT wire FROM mutation WHERE kind = ? AND id = ? AND outcome IS NULL ORDER BY n"',
            ),
        ),
    ),
    Bug(
        "a tablet does not send its journal again to a server that was restored",
        (Edit(OUTBOX, "WHERE n > ? AND outcome IS NOT NULL", "WHERE n > ? AND outcome IS NOT NULL AND 1 = 0"),),
        seeds=range(1, 401),
    ),
    Bug(
        "a reset adds to what the bucket held instead of replacing it",
        (Edit(REPLICA, "dropped = [bucket for bucket in resets if self._leave(bucket, tally)]", "dropped = []"),),
        seeds=range(1, 401),
    ),
    Bug(
        "a tablet's journal goes by its wall clock",
        (
            Edit(
                "sync/tablet/session.py",
                "now = self._parts, self._parts.server_now()",
                "now = self._parts, self._parts.now()",
            ),
        ),
        seeds=range(1, 1201),
    ),
    Bug(
        "the SQL store forgets to raise the heads of buckets",
        (Edit(UNIT, "self._driver.many(self._sql.put_bucket, [", "len([  "),),
        seeds=ON_SQLITE,
    ),
    Bug(
        "the SQL store takes a number twice without noting the second ticket",
        (Edit(UNIT, "if id not in users", "if not users"),),
        seeds=ON_SQLITE,
    ),
    Bug(
        "the SQL store answers before it commits",
        (Edit(COMMITTERS, "done.append(attempt(job, driver))", "attempt(job, driver)()"),),
        seeds=ON_SQLITE,
    ),
)
