"""Photos that were used before: the same file, or the same picture (domain-rules.md §3)."""

from backend.domain.visits.rules.facts import Photo


def is_same_photo(one: Photo, other: Photo, distance_max: int) -> bool:
    """Say whether two photos are one file, or their perceptual hashes differ in at most `distance_max` of 64 bits."""
    if one.digest == other.digest:
        return True
    if one.perceptual_hash is None or other.perceptual_hash is None:
        return False
    return hash_distance(one.perceptual_hash, other.perceptual_hash) <= distance_max


def hash_distance(one: str, other: str) -> int:
    """Return in how many bits two hashes of 16 hex digits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
