"""Propose: a wish about fields that the central CRM masters becomes a request record of its own."""

from contracts.errors import ErrorCode
from contracts.push import Mutation, Outcome
from sync.desk import Desk, Refused, open_subject
from sync.kind import Kind
from sync.parcels import Parcel


def propose(desk: Desk, kind: Kind, parcel: Parcel, mutation: Mutation) -> Outcome:
    """Leave the subject as it is and put a request beside it, pending until the CRM decides."""
    subject, body = open_subject(desk, kind, mutation)
    if refused := sorted(mutation.set.keys() - kind.record.proposable):
        raise Refused(ErrorCode.READ_ONLY_FIELD, fields=refused)
    proposed = {name: value for name, value in mutation.set.items() if body.get(name) != value}
    if not proposed:
        return Outcome(n=parcel.n, status="noop", version=subject.version)
    desk.version(kind, mutation.id, subject, body | proposed)  # would the CRM's record stay valid?
    assert kind.propose is not None, f"{kind.name} takes proposals, so it says what carries them"
    proposal = kind.propose(desk.actor, body, proposed)
    carrier = desk.kinds[proposal.kind]
    request = {
        "subject_kind": kind.name, "subject_id": mutation.id, "proposed": proposed, "reason": mutation.reason,
        "believed": {name: mutation.base.get(name, body.get(name)) for name in proposed},
    }  # fmt: skip
    stamps = desk.stamps(carrier, mutation, is_new=True)
    stored = desk.version(
        carrier, desk.review_of(parcel, "request"), None, carrier.begin(request | proposal.body | stamps)
    )
    desk.work.put(stored)
    return Outcome(n=parcel.n, status="applied", version=subject.version)
