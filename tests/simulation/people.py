"""The people of the simulated bank, what is theirs, and how that changes."""

from dataclasses import dataclass, field

from backend.domain.staff.policy import Assignment, scope_of
from backend.identity import Role, portfolio_bucket
from sync.kind import Actor

LOBBY, FIELD = Role.LOBBY_MANAGER.value, Role.FIELD_MANAGER.value
BRANCHES = ("3501", "3502")
PORTFOLIOS = ("p1", "p2", "p3")


@dataclass
class Person:
    """Somebody with a role; `assigned` holds every portfolio that is or was theirs."""

    staff_no: str
    roles: frozenset[str]
    org_id: str
    assigned: list[Assignment] = field(default_factory=list)
    is_revoked: bool = False

    def actor(self, install_id: str) -> Actor:
        """Return who asks when this person works on an install."""
        scope = scope_of(self.staff_no, install_id, self.org_id, self.roles, self.assigned)
        return Actor(
            install_id=install_id, staff_no=self.staff_no, org_id=self.org_id, roles=self.roles,
            buckets=scope.buckets, past=scope.past,
        )  # fmt: skip

    def holds(self, portfolio: str) -> bool:
        """Say whether a portfolio is theirs now."""
        bucket = portfolio_bucket(portfolio)
        return any(one.bucket == bucket and one.until_at is None for one in self.assigned)

    def assign(self, portfolio: str, at: str) -> None:
        """Give them a portfolio."""
        self.assigned.append(Assignment(bucket=portfolio_bucket(portfolio), from_at=at))

    def unassign(self, portfolio: str, at: str) -> None:
        """Take a portfolio away."""
        bucket = portfolio_bucket(portfolio)
        self.assigned = [
            Assignment(bucket=one.bucket, from_at=one.from_at, until_at=at)
            if one.bucket == bucket and one.until_at is None
            else one
            for one in self.assigned
        ]


def staff() -> dict[str, Person]:
    """Return the people: lobby managers of two branches, field managers, one who is both, and a supervisor."""
    people = (
        Person("L1", frozenset({LOBBY}), "3501"),
        Person("L2", frozenset({LOBBY}), "3501"),
        Person("L3", frozenset({LOBBY}), "3502"),
        Person("F1", frozenset({FIELD}), "3501"),
        Person("F2", frozenset({FIELD}), "3501"),
        Person("B1", frozenset({LOBBY, FIELD}), "3502"),
        Person("S1", frozenset({Role.SUPERVISOR.value}), "3501"),
    )
    return {person.staff_no: person for person in people}
