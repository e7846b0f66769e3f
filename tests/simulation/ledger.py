"""The ledger: everything that anybody ever typed on a tablet, by name, and what is known to be lost with it."""

from typing import NamedTuple

from contracts.policy import Op
from sync.store import NumberKey


class Typed(NamedTuple):
    """A mutation as it was made."""

    install_id: str
    kind: str
    id: str
    op: Op


class Ledger:
    """Names and keeps what was typed. A name travels in the mutation's reason, so it survives a new number."""

    def __init__(self) -> None:
        self.typed: dict[str, Typed] = {}
        self.lost: set[str] = set()  # gone with a tablet's storage, before or after it was handed in
        self.cloned: set[str] = set()  # typed before a tablet was cloned, so that both may hand it in
        self.went_back: set[str] = set()  # installs of which an older state came alive
        self.handed_out: dict[NumberKey, list[str]] = {}  # queue number → the names of the tickets that got it

    def next_name(self) -> str:
        """Return the name of the next mutation."""
        return f"m{len(self.typed) + 1}"

    def note(self, name: str, typed: Typed) -> None:
        """Remember what was typed."""
        assert name not in self.typed, name
        self.typed[name] = typed

    def note_number(self, key: NumberKey, name: str) -> None:
        """Remember that a customer holds this number."""
        self.handed_out.setdefault(key, []).append(name)
