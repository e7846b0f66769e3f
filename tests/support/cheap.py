"""Settings for tests that check passwords: as cheap as Argon2 can be, whose strength is not what they are about."""

from typing import Any

from backend.settings import Settings


def cheap_settings(**other: Any) -> Settings:
    """Return settings of which only Argon2's cost and `other` are not the defaults."""
    return Settings(argon2_memory_kib=8, argon2_passes=1, argon2_lanes=1, **other)
