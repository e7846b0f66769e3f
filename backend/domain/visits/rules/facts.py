"""What is known of a visit, and of the visits around it; thousands are read, none in a circle, hence `gc=False`."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from backend.domain.visits.rules.position import Position, Reference
from backend.domain.visits.rules.texts import Fingerprint


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """A check-in or a check-out: when by the server's clock, where, and the raw coordinates of its fixes."""

    at: str
    position: Position | None = None
    coordinates: frozenset[str] = frozenset()  # `datum lat lon` with 7 decimals


class Photo(Struct, frozen=True, kw_only=True, gc=False):
    """A photo of a visit; what the tablet did not say is None."""

    digest: str
    perceptual_hash: str | None = None  # 16 hex digits
    in_app: bool | None = None


class Trace(Struct, frozen=True, kw_only=True, gc=False):
    """A visit as its neighbours see it: all that may make one of them look odd."""

    id: str
    author: str
    customer_id: str = ""
    install_id: str
    device_id: str
    n: int
    check_in: Event
    check_out: Event | None = None  # None: nobody checked out
    root: str = ""  # the visit that this one corrects, or itself; once settled, the first of all that it corrects
    started_at: str = ""  # as the tablet told it
    text: Fingerprint = Fingerprint()
    photos: Sequence[Photo] = ()

    @property
    def place_in_order(self) -> tuple[str, str, int]:
        """Orders all visits of a person: by the moment, of one device at one moment by its numbers."""
        return self.check_in.at, self.install_id, self.n

    @property
    def events(self) -> list[Event]:
        """Check-in and, if there was one, check-out."""
        return [self.check_in] if self.check_out is None else [self.check_in, self.check_out]

    @property
    def until_at(self) -> str:
        """The last moment at which the visit is known to have gone on."""
        return self.check_in.at if self.check_out is None else self.check_out.at


class VisitFacts(Struct, frozen=True, kw_only=True):
    """One visit to be judged."""

    trace: Trace
    type: str = "on_site"
    content: str = ""
    received_at: str
    skew_s: float = 0
    is_anchored: bool = True
    is_auto_closed: bool = False
    mock_providers: frozenset[str] = frozenset()  # of fixes that call themselves mocked
    is_rooted: bool = False
    is_debugged: bool = False
    known_flags: frozenset[str] = frozenset()  # from the door: chain_gap, chain_fork, after_revocation
    missing_media: int = 0  # photos that have not arrived
    references: Sequence[Reference] = ()
    is_workday: bool = True
    stage: str | None = None
    elements: frozenset[str] = frozenset()  # of the stage, that have words


class Neighbours(Struct, frozen=True, kw_only=True):
    """The visits that count when one is judged; the order in which they are listed does not.

    `person`: the same person's, from `compared_d` days before it to `burst_s` after its end. `device`: other persons'
    on the same device, within `device_shared_s`. `contents`: the text of those whose fingerprint may be similar.
    """

    person: Sequence[Trace] = ()
    device: Sequence[Trace] = ()
    contents: Mapping[str, str] = {}
