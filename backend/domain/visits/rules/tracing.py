"""From what a tablet signed to what is judged: when, where, which words and photos."""

from collections.abc import Sequence

from backend.domain.visits.rules.datums import Point, to_wgs84
from backend.domain.visits.rules.facts import Event, Photo, Trace, VisitFacts
from backend.domain.visits.rules.position import Reference, position_of
from backend.domain.visits.rules.texts import fingerprint
from backend.domain.visits.rules.thresholds import Thresholds
from backend.domain.visits.rules.time import Sealing, read_moments
from contracts.clock import ClockEvidence
from contracts.kinds.customer import Place
from contracts.kinds.visit import Fix, PhotoFacts, Visit
from sync.clock import ANCHORED, UNANCHORED, skew_s

NOTHING_KNOWN = PhotoFacts()


def trace_of(id: str, visit: Visit, *, device_id: str, signed_at: str, limits: Thresholds) -> Trace:
    """Return a visit as its neighbours see it; `signed_at` is when it was signed, its device's other visits considered.

    A visit that its tablet closed at the end of the day has no check-out: midnight minus check-in is no stay.
    """
    ended = None if visit.is_auto_closed else visit.ended_at
    sealing = _sealing(visit, signed_at)
    told = read_moments(sealing, visit.started_at, ended, visit.check_in, visit.check_out, limits.claim_max_s)
    return Trace(
        id=id,
        author=visit.author or "",
        customer_id=visit.customer_id,
        install_id=visit.install_id or "",
        device_id=device_id,
        n=visit.n or 0,
        check_in=_event(told.began_at, visit.started_at, visit.check_in, limits),
        check_out=_event(told.ended_at, ended or "", visit.check_out, limits) if told.ended_at else None,
        root=visit.amends or id,
        started_at=visit.started_at,
        text=fingerprint(visit.content),
        photos=[_photo(digest, visit.photo_facts.get(digest, NOTHING_KNOWN)) for digest in visit.photos],
    )


def facts_of(
    visit: Visit, trace: Trace, *, signed_at: str, received_at: str, places: Sequence[Place], missing_media: int,
    is_workday: bool, limits: Thresholds,
) -> VisitFacts:  # fmt: skip
    """Return what a visit is judged by."""
    shown = visit.attestation
    ended = None if visit.is_auto_closed else visit.ended_at
    sealing = _sealing(visit, signed_at)
    told = read_moments(sealing, visit.started_at, ended, visit.check_in, visit.check_out, limits.claim_max_s)
    return VisitFacts(
        trace=trace,
        type=visit.type,
        content=visit.content,
        received_at=received_at,
        skew_s=skew_of(visit, signed_at),
        is_anchored=told.quality == ANCHORED,
        is_auto_closed=visit.is_auto_closed,
        mock_providers=frozenset(fix.provider for fix in (*visit.check_in, *visit.check_out) if fix.is_mock),
        is_rooted=shown is not None and shown.is_rooted,
        is_debugged=shown is not None and (shown.is_debuggable or shown.is_emulator),
        known_flags=frozenset(visit.flags),
        missing_media=missing_media,
        references=references_of(places),
        is_workday=is_workday,
        stage=visit.stage,
        elements=frozenset(name for name, words in visit.elements.items() if words.strip()),
    )


def references_of(places: Sequence[Place]) -> list[Reference]:
    """Return a customer's places in WGS-84."""
    return [
        Reference(
            point=to_wgs84(Point(place.lat, place.lon), place.datum),
            radius_m=place.radius_m, accuracy_m=place.accuracy_m, label=place.label,
        )
        for place in places
    ]  # fmt: skip


def skew_of(visit: Visit, signed_at: str) -> float:
    """Return how far the tablet's wall clock was off when the visit was signed, in seconds."""
    return skew_s(visit.signed_clock.wall, signed_at) if visit.signed_clock else visit.skew_s


def _sealing(visit: Visit, signed_at: str) -> Sealing:
    clock = visit.signed_clock or ClockEvidence(wall=signed_at)
    return Sealing(at=signed_at, quality=visit.time_quality or UNANCHORED, clock=clock)


def _event(at: str, wall: str, fixes: Sequence[Fix], limits: Thresholds) -> Event:
    coordinates = frozenset(f"{fix.datum} {fix.lat:.7f} {fix.lon:.7f}" for fix in fixes)
    return Event(at=at, position=position_of(fixes, wall, limits), coordinates=coordinates)


def _photo(digest: str, facts: PhotoFacts) -> Photo:
    return Photo(digest=digest, perceptual_hash=facts.perceptual_hash, in_app=facts.in_app)
