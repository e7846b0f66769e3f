"""The evidence chain: each piece of evidence of an install names the one before it."""

from collections.abc import Callable

from contracts.errors import ErrorCode


def judge_link(prev: str | None, head: str, was_seen: Callable[[str], bool]) -> ErrorCode | None:
    """Say what is wrong with evidence that follows `prev` when the newest accepted one is `head`.

    None: it follows. CHAIN_FORK: it follows an older one, so two tablets hold one key. CHAIN_GAP: it follows
    something that never arrived, or (`prev` is None) nothing that can be one.
    """
    if prev == head:
        return None
    if prev is None:
        return ErrorCode.CHAIN_GAP
    return ErrorCode.CHAIN_FORK if prev == "" or was_seen(prev) else ErrorCode.CHAIN_GAP
