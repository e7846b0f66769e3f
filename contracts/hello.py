"""Hello: what a tablet must know before it syncs."""

from contracts.base import Message, Moment, Uuid
from contracts.purges import PurgeOrder
from contracts.version import SchemaRange


class Limits(Message, frozen=True, kw_only=True):
    """What one request may carry."""

    push_mutations_max: int
    push_bytes_max: int
    mutation_bytes_max: int
    pull_limit_max: int
    pull_bytes_max: int
    wait_s_max: int
    file_bytes_max: int
    lease_want_max: int


class OfflineLimits(Message, frozen=True, kw_only=True):
    """How long a tablet may keep data without contact."""

    contact_d: int  # without contact for so long, the tablet locks and purges its replica
    journal_d: int  # acknowledged mutations are kept so long for replay
    money_h: int  # balances and holdings are hidden when older


class HelloResponse(Message, frozen=True, kw_only=True):
    """Limits, identities of this server, its time, and a challenge for signing in."""

    protocol: str
    epoch: Uuid
    contract_hash: str
    schema: SchemaRange
    server_time: Moment
    limits: Limits
    offline: OfflineLimits
    challenge: str
    challenge_expires_in_s: int
    purges: list[PurgeOrder] = []
