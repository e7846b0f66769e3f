"""Texts that were written before: equal, or nearly so, by 3-grams (domain-rules.md §3)."""

from collections.abc import Iterable
from math import ceil
from unicodedata import category, normalize
from zlib import crc32

from msgspec import Struct

GRAM = 3
SIMILAR_MIN = 0.9  # a fingerprint finds every text that is at least so similar


class Fingerprint(Struct, frozen=True, gc=False):
    """How many 3-grams a text has, and the first of them in an order that all texts share."""

    size: int = 0
    first: frozenset[int] = frozenset()


def normalise(text: str) -> str:
    """Return letters and digits alone, in one width and one case: what is left when layout is not content."""
    return "".join(letter for letter in normalize("NFKC", text).casefold() if category(letter)[0] in "LN")


def grams_of(text: str) -> frozenset[str]:
    """Return the 3-grams of a normalised text; a shorter one is its own."""
    if len(text) <= GRAM:
        return frozenset({text} if text else ())
    return frozenset(text[at : at + GRAM] for at in range(len(text) - GRAM + 1))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Jaccard index of two sets of 3-grams, 0 if either is empty."""
    if not one or not other:
        return 0.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def fingerprint(text: str) -> Fingerprint:
    """Return what suffices to pass over nearly every text that is not similar.

    Two sets with a Jaccard index of t share t of each: so the first (1 - t) of each and one more, in any common
    order, cannot be disjoint. That is exact: a pair that shares none of them is not similar.
    """
    grams = grams_of(normalise(text))
    count = len(grams) - ceil(SIMILAR_MIN * len(grams)) + 1 if grams else 0
    return Fingerprint(len(grams), frozenset(sorted(map(_number, grams))[:count]))


def may_be_similar(one: Fingerprint, other: Fingerprint) -> bool:
    """Say whether two texts may be at least SIMILAR_MIN similar; False is certain."""
    small, large = (one.size, other.size) if one.size < other.size else (other.size, one.size)
    return small >= SIMILAR_MIN * large and not one.first.isdisjoint(other.first)


def pack(numbers: Iterable[int]) -> str:
    """Return a fingerprint's numbers as the table holds them."""
    return ",".join(f"{number:x}" for number in sorted(numbers))


def unpack(packed: str) -> frozenset[int]:
    """Return the numbers that `pack` wrote."""
    return frozenset(int(number, 16) for number in packed.split(",")) if packed else frozenset()


def _number(gram: str) -> int:
    return crc32(gram.encode("utf-8", "surrogatepass"))
