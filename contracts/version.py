"""The versions that two ends compare before they trust each other's words."""

from contracts.base import Message

PROTOCOL = "v1"
SCHEMA = 2  # raised with every change of a kind's fields; docs/protocol.md keeps one line for each
SCHEMA_PULL_MIN = 1  # older tablets may still push, but must be updated before they pull


class SchemaRange(Message, frozen=True, kw_only=True):
    """The schemas whose tablets may pull; anything ever shipped may push."""

    pull_min: int = SCHEMA_PULL_MIN
    current: int = SCHEMA
