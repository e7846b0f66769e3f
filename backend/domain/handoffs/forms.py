"""What follows from forms: nothing while they are filled in, and much once they wait for the counter."""

from collections.abc import Sequence

from backend.domain.forms.models import FormHead, read_head
from backend.domain.handoffs.corrections import propose_corrections
from backend.domain.handoffs.form_stamps import WAITING, stamping_forms
from backend.storage.reactions import Reaction
from backend.storage.unit import SqlUnit
from contracts.kinds.form import ENDED
from sync.puts import Put
from sync.store import Write


def following_forms(pick_up_code_h: int) -> Reaction:
    """Return the reaction to forms; a pick-up code is good for `pick_up_code_h` hours."""
    stamp_forms = stamping_forms(pick_up_code_h)

    def follow(unit: SqlUnit, writes: Sequence[Write], at: str) -> list[Put]:
        told = [
            write for write in writes
            if write.after.standing == "live" and not is_mere_draft(read_head(write.after.body))
        ]  # fmt: skip
        if not told:
            return []
        return [*propose_corrections(unit, told, at), *stamp_forms(unit, told, at)]

    return follow


def is_mere_draft(head: FormHead) -> bool:
    """Say whether a form is still being filled in, and has never waited for the counter."""
    is_begun = head.state not in WAITING and head.state not in ENDED
    return is_begun and not head.pick_up_code and head.confirmed_digest is None
