"""Which buckets a person's tablet may hold: their roles' own, and what is assigned to them (protocol.md C1)."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from backend.identity import (
    CATALOG,
    Role,
    branch_bucket,
    install_bucket,
    staff_bucket,
    team_bucket,
    visits_bucket,
)

# A bucket can be assigned only to people whose role works with it.
ASSIGNABLE = {"portfolio": Role.FIELD_MANAGER.value, "branch": Role.LOBBY_MANAGER.value}


class Assignment(Struct, frozen=True, kw_only=True):
    """A bucket that is or was a person's; `until_at` is None while it is theirs."""

    bucket: str
    from_at: str
    until_at: str | None = None


class Scope(Struct, frozen=True, kw_only=True):
    """A person's buckets now, and those that were theirs with the moment when that ended (P8)."""

    buckets: frozenset[str]
    past: Mapping[str, str] = {}


def scope_of(
    staff_no: str, install_id: str, org_id: str, roles: frozenset[str], assignments: Iterable[Assignment]
) -> Scope:
    """Return what a person may have on an install; what is assigned to a role they lack counts for nothing."""
    mine = [assigned for assigned in assignments if ASSIGNABLE.get(assigned.bucket.partition(":")[0]) in roles]
    own = own_buckets(staff_no, install_id, org_id, roles)
    buckets = own | {assigned.bucket for assigned in mine if assigned.until_at is None}
    past: dict[str, str] = {}
    for assigned in mine:
        if assigned.until_at is not None and assigned.bucket not in buckets:
            past[assigned.bucket] = max(assigned.until_at, past.get(assigned.bucket, ""))
    return Scope(buckets=buckets, past=past)


def own_buckets(staff_no: str, install_id: str, org_id: str, roles: frozenset[str]) -> frozenset[str]:
    """Return the buckets that come with being this person in these roles."""
    buckets = {CATALOG, staff_bucket(staff_no), install_bucket(install_id), team_bucket(org_id)}
    if Role.LOBBY_MANAGER.value in roles:
        buckets.add(branch_bucket(org_id))
    if Role.FIELD_MANAGER.value in roles:
        buckets.add(visits_bucket(staff_no))
    return frozenset(buckets)


def roles_clash(roles: Iterable[str]) -> str | None:
    """Return why these roles may not be one person's, or None. Administrators are not audited by themselves (MLPS)."""
    held = frozenset(roles)
    if not held or held - {role.value for role in Role}:
        return "roles must be some of " + ", ".join(role.value for role in Role)
    if Role.AUDITOR.value in held and len(held) > 1:
        return "an auditor has no other role"
    if Role.ADMINISTRATOR.value in held and len(held) > 1:
        return "an administrator has no other role"
    return None
