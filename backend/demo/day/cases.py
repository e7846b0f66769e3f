"""Conflicts and parked work as the screen tells them: who won and why, and for whom something waits."""

from backend.demo.day.tale import mask_value
from contracts.base import Body
from contracts.errors import BY_CODE

POLICY_WORDS = {
    "ask": "the server's value stands until the author decides",
    "escalate": "the server's value stands until a supervisor decides",
    "latest_push": "whoever reached the server last stands",
    "union": "both stand",
    "append": "both stand",
    "max": "the greater stands",
    "min": "the smaller stands",
    "server": "the server's value stands",
    "mine": "the pushed value stands",
}
SETTLED_WORDS = {
    "kept": "{by} kept what stood",
    "overridden": "{by} chose {author}'s",
    "recorded": "recorded, nobody has to act",
}


def tell_conflict(review: Body) -> list[str]:
    """Return lines about a conflict: whose, about what, who won and why, and what is left to do."""
    body = review["body"]
    head = f"{body['author']:<10} {body['subject_kind'] or '?'}"
    if body["cause"] == "superseded":
        args = body["args"]
        return [f"{head}: wanted {args['requested']}, but {args['by']} was first; the first commit stands"]
    return [f"{head}: {_tell_end(body)}", *(f"    {_tell_field(field)}" for field in body["fields"])]


def tell_parked(review: Body) -> list[str]:
    """Return lines about parked work: what was refused, why, and for whom it waits."""
    body = review["body"]
    typed = body["mutation"]
    fields = ", ".join(typed.get("set", {})) if typed.get("op") in ("propose", "patch") else ""
    what = f"{typed.get('op')} {body['subject_kind']} {fields}".rstrip()
    why = BY_CODE[body["cause"]].meaning if body["cause"] in BY_CODE else body["cause"]
    head = f"{body['author']:<10} {what}: {body['state']}, waits for the {body['must_act']}"
    return [head, f"    {body['cause']}: {why}"]


def _tell_field(field: Body) -> str:
    why = POLICY_WORDS.get(field["policy"], field["policy"])
    mine, theirs = mask_value(field.get("mine")), mask_value(field.get("theirs"))
    by = f" of {field['theirs_by']}" if field.get("theirs_by") else ""
    return f"{field['field']}: {mine} against {theirs}{by}; {field['policy']}: {why}"


def _tell_end(body: Body) -> str:
    words = SETTLED_WORDS.get(body["state"])
    if words is None:
        return f"open, waits for the {body['must_act']}"
    told = words.format(by=body.get("settled_by"), author=body["author"])
    reason = body.get("settled_reason")
    return f"{told}: {reason}" if reason else told
