"""The evidence chain: each piece of evidence of an install names the one before; the server seals those of a push."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from contracts.errors import ErrorCode

WasSeen = Callable[[str], bool]


class Place(NamedTuple):
    """Where a piece of evidence stands on its install's chain; one that came before, too, is no new link."""

    prev: str | None
    fault: ErrorCode | None
    is_new: bool


def judge_link(prev: str | None, head: str, was_seen: WasSeen) -> ErrorCode | None:
    """Say what is wrong with evidence that follows `prev` when the newest accepted one is `head`.

    None: it follows. CHAIN_FORK: it follows an older one, so two tablets hold one key. CHAIN_GAP: it follows
    something that never arrived, or (`prev` is None) nothing that can be one.
    """
    if prev == head:
        return None
    if prev is None:
        return ErrorCode.CHAIN_GAP
    return ErrorCode.CHAIN_FORK if prev == "" or was_seen(prev) else ErrorCode.CHAIN_GAP


def place_links(links: Iterable[tuple[str, str | None]], head: str, was_seen: WasSeen) -> dict[str, Place]:
    """Return hash → its place, for evidence (hash, prev) in the order in which it came behind `head`."""
    places: dict[str, Place] = {}

    def is_known(hash: str) -> bool:
        return hash in places or was_seen(hash)

    for hash, prev in links:
        is_next = prev == head  # and then it is new, or it would be the head itself
        if not is_next and is_known(hash):
            places.setdefault(hash, place_again(prev, is_known))
            continue
        places[hash] = Place(prev, None if is_next else judge_link(prev, head, is_known), is_new=True)
        head = hash
    return places


def place_again(prev: str | None, was_seen: WasSeen) -> Place:
    """Return the place of evidence that comes again: the chain has gone on meanwhile, so only a gap is odd."""
    is_gap = prev is None or not (prev == "" or was_seen(prev))
    return Place(prev, ErrorCode.CHAIN_GAP if is_gap else None, is_new=False)


def write_seal(hashes: Sequence[str], at: str) -> bytes:
    """Return what the server signs: the hashes of all new evidence of one push in the order of `n`, and the moment."""
    return f"{','.join(hashes)}|{at}".encode()
