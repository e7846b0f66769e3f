"""One function for each operation: what a mutation does to the workspace, and its outcome."""

from collections.abc import Callable, Mapping

from contracts.errors import ErrorCode
from contracts.policy import Op
from contracts.push import Mutation, Outcome
from sync.desk import Desk, Refused
from sync.kind import Kind
from sync.ops.begin import append, create, link
from sync.ops.change import delete, patch, transition
from sync.ops.propose import propose
from sync.parcels import Parcel, is_evidence

OPS: Mapping[Op, Callable[[Desk, Kind, Parcel, Mutation], Outcome]] = {
    Op.CREATE: create,
    Op.APPEND: append,
    Op.PATCH: patch,
    Op.TRANSITION: transition,
    Op.PROPOSE: propose,
    Op.DELETE: delete,
}


def settle(desk: Desk, parcel: Parcel) -> Outcome:
    """Return the outcome of one mutation, its effects laid on the desk's workspace; never raises for bad input."""
    try:
        return _apply(desk, parcel)
    except Refused as refused:
        return desk.park(parcel, refused.problem, refused.depends_on)


def _apply(desk: Desk, parcel: Parcel) -> Outcome:
    if parcel.problem is not None:
        raise Refused(ErrorCode[parcel.problem.code.upper()], **parcel.problem.args)
    mutation = parcel.mutation
    assert mutation is not None, "a parcel without a mutation has a problem"
    if is_evidence(parcel):
        link(desk, parcel, mutation)
    kind = desk.kinds.get(mutation.kind)
    if kind is None:
        raise Refused(ErrorCode.KIND_UNKNOWN, kind=mutation.kind)
    if mutation.op not in kind.record.ops:
        raise Refused(ErrorCode.OP_NOT_ALLOWED, kind=kind.name, op=mutation.op.value)
    return OPS[mutation.op](desk, kind, parcel, mutation)
