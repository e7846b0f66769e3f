"""What waits for a supervisor: who sees it, in which order, and what a record opens to."""

import pytest

from sync.errors import Malformed, NotFound
from tests.backend.visits.field import CUSTOMER, Pad
from tests.backend.visits.reviews.office import BOSS, BRANCH, SECOND, SECRETIVE, STRANGER


def test_what_waits_is_seen_from_the_branch_the_bank_and_the_union_and_from_nowhere_else(office):
    pad = Pad(office)
    odd, _ = office.odd_visit(pad), pad.visit("2026-11-20T05:00:00Z")
    pad.push()
    assert [office.waiting(actor) for actor in (BRANCH, BOSS, SECOND, STRANGER)] == [[odd], [odd], [odd], []]
    for actor, id in ((STRANGER, odd), (BOSS, CUSTOMER)):
        with pytest.raises(NotFound):
            office.desk.review(actor, id)
    with pytest.raises(NotFound):
        office.decide(STRANGER, odd, "accept")


def test_a_record_opens_to_fixes_places_duties_and_history_and_masks_who_was_met(office):
    office.lend()
    odd = office.odd_visit(Pad(office), content=SECRETIVE, people_met=["陈大文"])
    office.decide(BOSS, odd, "ask")
    record = office.desk.review(BRANCH, odd)
    assert {(fix.event, fix.verdict, fix.place) for fix in record.fixes} == {
        ("check_in", "OUTSIDE", "shop"), ("check_out", "OUTSIDE", "shop"),
    }  # fmt: skip
    assert all(1900 < fix.distance_m < 2100 for fix in record.fixes)
    assert [(place.label, place.radius_m) for place in record.places] == [("shop", 300)]
    assert [(duty.code, duty.verdict, duty.status) for duty in record.duties] == [
        ("monthly", "pending", "pending_review")
    ]
    assert (record.people_met, record.item.customer_name) == (["陈*文"], "林*燕")
    assert "13859900001" not in record.content
    assert [step.deed for step in record.item.steps] == ["ask"]


def test_pages_and_filters_show_each_waiting_visit_once_in_the_queues_order(office):
    pad, other = Pad(office), Pad(office, staff_no="m2", boot="b7")
    for n, north_m in enumerate((2000, 400, 330, 2000, 310, 360)):
        office.odd_visit((pad, other)[n % 2], f"2026-11-{10 + n}T02:00:00Z", north_m)
    whole = office.queue().items
    keys = [(item.probability, -item.points, item.at) for item in whole]
    assert len(keys) > 3
    assert keys == sorted(keys)
    paged, after = [], None
    while True:
        page = office.queue(after=after, limit=2)
        paged += page.items
        if (after := page.next) is None:
            break
    assert paged == whole
    assert office.waiting(author="m2") == [item.visit_id for item in whole if item.author == "m2"]
    assert office.waiting(grade="D") == [item.visit_id for item in whole if item.grade == "D"]
    flag = next(flag.code for item in whole for flag in item.flags)
    assert office.waiting(flag=flag) == [i.visit_id for i in whole if flag in {one.code for one in i.flags}]
    assert office.waiting(month="2026-10") == []


def test_other_states_are_listed_by_month_and_day(office):
    pad = Pad(office)
    odd, honest = office.odd_visit(pad), pad.visit("2026-11-20T05:00:00Z")
    pad.push()
    office.decide(BOSS, odd, "accept")
    assert office.waiting(state="all", month="2026-11") == [odd, honest]
    assert office.waiting(state="accepted", month="2026-11") == [odd]
    first = office.queue(state="all", month="2026-11", limit=1)
    assert [i.visit_id for i in office.queue(state="all", month="2026-11", limit=1, after=first.next).items] == [honest]
    with pytest.raises(Malformed):
        office.queue(state="accepted")


def test_calls_wait_behind_visits_of_which_nobody_can_say_where_they_were(office):
    pad = Pad(office)
    call = office.odd_visit(pad, "2026-11-18T02:00:00Z", type="phone", check_in=[], check_out=[])
    nowhere = office.odd_visit(pad, "2026-11-19T02:00:00Z", check_in=[], check_out=[])
    near = office.odd_visit(pad, "2026-11-20T02:00:00Z", north_m=305)
    assert office.waiting() == [nowhere, near, call]


def test_what_is_corrected_leaves_the_queue_and_the_last_correction_stays(office):
    pad, other = Pad(office), Pad(office, "m2", boot="b2")
    first = office.odd_visit(pad)
    again = office.odd_visit(pad, "2026-11-20T02:00:30Z", amends=first)
    assert office.waiting() == [again]
    last = office.odd_visit(pad, "2026-11-20T02:01:00Z", amends=first)
    assert office.waiting() == [last]
    theirs = office.odd_visit(other, "2026-11-20T02:00:10Z", amends=last)
    assert set(office.waiting()) == {last, theirs}
    assert [office.desk.review(BOSS, id).corrected_by for id in (first, again, last)] == [last, last, None]
    office.decide(BOSS, first, "ask")
    assert set(office.waiting()) == {last, theirs}
