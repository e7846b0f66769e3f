"""Where the catalog lives."""

from contracts.base import Body


def buckets(_body: Body) -> frozenset[str]:
    """Return the one bucket that everybody has."""
    return frozenset({"catalog"})


def check_script(body: Body) -> str | None:
    """Say what is wrong with a script, or None: every answer leads to a step that is there, none twice."""
    steps = body.get("steps", [])
    keys = [step["key"] for step in steps]
    leading = {answer.get("next", "") for step in steps for answer in step.get("answers", [])} - {""}
    if len(set(keys)) < len(keys):
        return "`steps` must have keys of their own"
    return f"`steps` must include {', '.join(sorted(leading - set(keys)))}" if leading - set(keys) else None
