"""Leads online: what waits to be assigned in an area, and the word that assigns it (003-03)."""

from typing import Annotated

from msgspec import Meta

from contracts.base import Message, Moment, OrgId, RecordId, StaffNo


class LeadItem(Message, frozen=True, kw_only=True):
    """A lead as a supervisor's list shows it: the name and phone masked, and where it stands."""

    id: RecordId
    version: int
    org_id: OrgId
    name: str
    phone: str
    state: str
    state_at: Moment
    author: StaffNo | None = None
    supervisor: StaffNo | None = None
    owner: StaffNo | None = None


class LeadPage(Message, frozen=True, kw_only=True):
    """The leads of the caller's area in one state, the longest waiting first; `next` continues after the last one."""

    items: list[LeadItem]
    next: str | None = None


class AssignLeadRequest(Message, frozen=True, kw_only=True):
    """Give a lead to a field manager; `version` is the one that the supervisor saw."""

    owner: StaffNo
    version: Annotated[int, Meta(ge=1)]
