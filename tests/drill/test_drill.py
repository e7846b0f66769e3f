"""The drill fits the source, and catches three bugs here; all of them are for `make drill`, which takes minutes."""

import pytest

from tests.drill.bugs import BUGS
from tests.drill.drill import occurrences, run_drill

QUICK = (
    "the acknowledged number is committed after the effects, not with them",
    "a record that moves leaves no row in its old bucket",
    "an optimistic change disappears with its outcome instead of with the pull",
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_still_fits_the_source(bug):
    assert [(edit.path, occurrences(edit)) for edit in bug.edits] == [(edit.path, 1) for edit in bug.edits]


def test_three_bugs_are_caught_and_the_whole_source_is_not():
    control, *verdicts = run_drill([bug for bug in BUGS if bug.name in QUICK])
    assert control.caught_by == "nothing, as it must be"
    assert [verdict.bug for verdict in verdicts if verdict.caught_by] == [bug.name for bug in BUGS if bug.name in QUICK]
