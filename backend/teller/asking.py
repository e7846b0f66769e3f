"""Who asks, for which branch, and whether it was asked before."""

from hashlib import sha256

import msgspec

from backend.auth.partners import Partner
from backend.domain.forms.queries import Asked, find_asked
from backend.domain.orgs.queries import find_org, orgs_below
from backend.domain.tickets.queries import hold
from backend.storage.unit import SqlUnit
from backend.teller.errors import RequestReused
from contracts.teller import LoadRequest, ResultRequest
from sync.errors import Malformed, NotFound

_encode = msgspec.json.Encoder(order="deterministic").encode


def digest_of_request(request: LoadRequest | ResultRequest) -> str:
    """Return the digest by which a repeated request is known; the sort of the request is part of it."""
    return sha256(type(request).__name__.encode() + _encode(request)).hexdigest()


def asked_before(unit: SqlUnit, partner: Partner, request: LoadRequest | ResultRequest) -> Asked | None:
    """Return what the same request was about, or None; until the transaction ends its repetitions wait.

    Raises RequestReused for other content under its id.
    """
    hold(unit.connection, partner.partner_id, request.request_id)
    asked = find_asked(unit.connection, partner.partner_id, request.request_id)
    if asked is not None and asked.digest != digest_of_request(request):
        raise RequestReused(request_id=request.request_id)
    return asked


def branch_of(unit: SqlUnit, partner: Partner, named: str | None) -> str:
    """Return the branch that a request is about. Raises Malformed without one, NotFound for somebody else's."""
    org = find_org(unit.connection, named or partner.org_id)
    if org is None or org.org_id not in orgs_below(unit.connection, partner.org_id):
        raise NotFound("there is no such branch for this teller system")
    if org.level != "branch":
        raise Malformed("`branch_id` names the branch, for a teller system that serves several")
    return org.org_id
