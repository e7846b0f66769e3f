"""Every number that a visit is judged by, with the defaults of domain-rules.md §2-§4; settings.py says which to set."""

from msgspec import Struct


class Thresholds(Struct, frozen=True, kw_only=True):
    """What a bank may want to change; a change judges visits that arrive after it."""

    # Position (§1, §2)
    accuracy_min_m: float = 3  # no receiver is better, whatever it claims
    accuracy_max_m: float = 200  # above: POOR_FIX
    radius_m: float = 300  # of a place that says none, and of a visit without a place
    cached_older_than_s: float = 60
    probable_min: float = 0.5  # UNCERTAIN and at least so probable: B; less: C

    # Movement (§3)
    speed_max_km_h: float = 120  # 150 where trains run
    dwell_min_s: float = 300
    identical_apart_min_s: float = 600
    burst_visits: int = 4
    burst_s: float = 1800
    correction_apart_s: float = 120  # a correction that began so much earlier or later is of something else
    external_receivers: frozenset[str] = frozenset({"external"})  # providers that may call themselves mocked

    # Content (§3)
    content_min_chars: int = 10
    text_similar_min: float = 0.9  # Jaccard of 3-grams
    photo_distance_max: int = 6  # of 64 bits
    compared_d: int = 90  # texts, photos and fixes are compared with those of so many days before

    # Time and devices (§3, §4)
    skew_max_s: float = 120
    late_s: float = 48 * 3600
    device_shared_s: float = 3600
    office_from_h: int = 8
    office_until_h: int = 18
    claim_max_s: float = 86_400  # a start that only the wall clock tells is believed so long before the signature
