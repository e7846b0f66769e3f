"""Authentication secrets (C3): found in what a tablet sends, refused, and never kept."""

from typing import Any

from contracts.privacy import SECRET_NAMES

DEPTH_MAX = 8
REDACTED = "[refused]"


def carries_secret(value: Any, depth: int = 0) -> bool:
    """Say whether any key in `value` names an authentication secret."""
    if depth > DEPTH_MAX:
        return False
    if isinstance(value, dict):
        return any(_is_secret(key) or carries_secret(inner, depth + 1) for key, inner in value.items())
    return isinstance(value, list) and any(carries_secret(inner, depth + 1) for inner in value)


def redact(value: Any, depth: int = 0) -> Any:
    """Return `value` with every secret replaced, so that only the fact remains."""
    if depth > DEPTH_MAX:
        return REDACTED
    if isinstance(value, dict):
        return {key: REDACTED if _is_secret(key) else redact(inner, depth + 1) for key, inner in value.items()}
    return [redact(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def _is_secret(key: str) -> bool:
    return key.rpartition(".")[2].strip().lower() in SECRET_NAMES
