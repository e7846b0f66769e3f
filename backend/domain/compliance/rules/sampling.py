"""The call-back sample: how many visits to check, what that finds, and which ones (domain-rules.md §6, 抽查)."""

from collections.abc import Iterable
from hashlib import sha256
from math import ceil, comb, log


def sample_size(false_rate: float, confidence: float, population: int | None = None) -> int:
    """Return how many to check to find one false record or more with `confidence`, where `false_rate` are false.

    n = ln β / ln(1 − p), 59 at 5 % and 95 %; for a finite population the exact hypergeometric number.
    """
    assert 0 < false_rate < 1
    assert 0 < confidence < 1
    if population is None:
        return ceil(log(1 - confidence) / log(1 - false_rate))
    enough = (n for n in range(population + 1) if detection_power(n, population, false_rate) >= confidence)
    return next(enough, population)


def detection_power(checked: int, population: int, false_rate: float) -> float:
    """Return how likely `checked` records of `population` hold a false one, if `false_rate` of them are (rounded up).

    Drawn without putting back: 1 − C(N − K, n) / C(N, n).
    """
    false = ceil(population * false_rate - 1e-9)
    if checked > population - false:
        return 1.0 if false else 0.0
    return 1 - comb(population - false, checked) / comb(population, checked)


def draw(seed: str, ids: Iterable[str], size: int) -> list[str]:
    """Return `size` of the ids, the same for the same seed whatever order they come in, and for all who repeat it.

    Sorted by SHA-256 of `seed:id`: anybody can check the draw without this program.
    """
    return sorted(set(ids), key=lambda id: sha256(f"{seed}:{id}".encode()).digest())[:size]
