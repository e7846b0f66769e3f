"""A tablet works with no line, comes back, and both ends agree."""

import msgspec
import pytest

from contracts.errors import ErrorCode
from sync.tablet.errors import LineFailed, OutboxOwned, Refused, SecretTyped
from sync.tablet.tablet import Tablet
from tests.support.wire import Fault
from tests.sync.tablet.town import BRANCH, DAY, FIELD, Person, Town, form, visit


@pytest.fixture
def town():
    return Town()


@pytest.fixture
def wang():
    return Person("M001")


@pytest.fixture
def lin():
    return Person("M002")


@pytest.fixture
def chen():
    return Person("F001", FIELD, {"p1"})


class Once:
    """A line that does one thing wrong, once, at the call it is told."""

    def __init__(self, call: str, fault: Fault, skip: int = 0) -> None:
        self.call, self.fault, self.skip = call, fault, skip

    def __call__(self, call: str, _request: bytes) -> Fault:
        if call != self.call or self.fault is Fault.NONE:
            return Fault.NONE
        if self.skip:
            self.skip -= 1
            return Fault.NONE
        fault, self.fault = self.fault, Fault.NONE
        return fault


def assert_agrees(town: Town, tablet: Tablet, person: Person) -> None:
    held = {name: (one.n, one.d) for name, one in tablet.digest_report().items()}
    truth = {name: (one.n, one.d) for name, one in town.truth(tablet, person).items()}
    assert held == truth


def test_work_typed_with_no_line_reaches_the_other_tablet(town, wang, lin):
    here, there = town.tablet(wang), town.tablet(lin)
    made = here.create("form", form(name="陈大文", phone="13800000000"))
    here.patch("form", made.id, {"phone": "13900000000"})
    assert here.view("form", made.id).body["phone"] == "13900000000"
    report = here.sync()
    there.sync()
    assert (report.pushed, report.unsent) == (2, 0)
    assert there.view("form", made.id).body["phone"] == "13900000000"
    assert_agrees(town, here, wang)
    assert_agrees(town, there, lin)


def test_a_tablet_never_conflicts_with_itself(town, wang):
    tablet = town.tablet(wang)
    made = tablet.create("form", form(name="", tags=[], copies=1))
    for phone in ("", "1", "2", "", "3"):
        tablet.patch("form", made.id, {"phone": phone, "values.city": phone, "tags": ["a", phone]})
    tablet.sync()
    tablet.patch("form", made.id, {"phone": "4"})
    tablet.patch("form", made.id, {"phone": "5", "name": "x"})
    tablet.sync()
    assert {outcome.status for outcome in tablet.outcomes().values()} == {"applied"}
    assert tablet.view("form", made.id).body["phone"] == "5"


def test_the_overlay_stays_until_a_pull_has_shown_the_mutation(town, wang):
    fault = Once("pull", Fault.LOSE_ANSWER)
    tablet = town.tablet(wang, fault=fault)
    made = tablet.create("form", form(name="陈大文"))
    with pytest.raises(LineFailed):
        tablet.sync()
    assert tablet.unsent_count() == 0
    assert tablet.view("form", made.id).pending == (1,)
    tablet.sync()
    assert tablet.view("form", made.id).pending == ()
    assert tablet.view("form", made.id).version == 1


@pytest.mark.parametrize("fault", [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.DELAY, Fault.REPEAT])
@pytest.mark.parametrize("call", ["hello", "push", "pull"])
def test_a_call_that_goes_wrong_is_tried_again_and_counts_once(town, wang, call, fault):
    tablet = town.tablet(wang, fault=Once(call, fault), attempts_max=3)
    tablet.create("form", form(name="陈大文", copies=1))
    tablet.sync()
    tablet.sync()
    assert tablet.outcomes()[1].version == 1
    assert len(tablet.find("form")) == 1
    assert_agrees(town, tablet, wang)


def test_retries_wait_longer_by_lot_and_then_give_up(town, wang):
    tablet = town.tablet(wang, fault=lambda _call, _request: Fault.LOSE_REQUEST, attempts_max=5)
    with pytest.raises(LineFailed):
        tablet.sync()
    assert len(town.pauses_s) == 4
    assert all(0 <= pause <= 0.25 * 2**attempt for attempt, pause in enumerate(town.pauses_s))


def test_a_conflict_is_listed_until_a_person_settles_it(town, wang, lin):
    here, there = town.tablet(wang), town.tablet(lin)
    made = here.create("form", form(phone="1"))
    here.sync()
    there.sync()
    here.patch("form", made.id, {"phone": "2"})
    there.patch("form", made.id, {"phone": "3"})
    here.sync()
    there.sync()
    (open_item,) = there.unsettled()
    assert open_item.mutation.set == {"phone": "3"}
    assert open_item.outcome.fields[0].theirs == "2"
    assert there.view("form", made.id).body["phone"] == "2"
    review = there.find("review")[0]
    town.put("review", review.body | {"state": "kept"}, review.id)
    there.sync()
    assert there.unsettled() == []


def test_what_is_not_handed_in_counts_as_unsettled(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form())
    assert [item.outcome for item in tablet.unsettled()] == [None]
    with pytest.raises(OutboxOwned):
        tablet.switch_person("M999")
    tablet.sync()
    tablet.switch_person("M999")
    assert tablet.staff_no == "M999"


def test_a_secret_is_refused_before_it_is_stored(town, wang):
    tablet = town.tablet(wang)
    with pytest.raises(SecretTyped):
        tablet.create("form", form(values={"password": "123456"}))
    assert tablet.unsent_count() == 0


def test_two_counters_call_one_ticket_and_the_second_is_told(town, wang, lin):
    here, there = town.tablet(wang), town.tablet(lin)
    here.serve_line(BRANCH, "A", DAY)
    here.sync()
    ticket = here.issue_ticket(BRANCH, "A", DAY)
    assert ticket.body["number"] == 1
    here.sync()
    there.sync()
    here.transition("ticket", ticket.id, "called", {"counter": "1"})
    there.transition("ticket", ticket.id, "called", {"counter": "2"})
    assert there.view("ticket", ticket.id).body["counter"] == "2"
    here.sync()
    there.sync()
    assert there.view("ticket", ticket.id).body["counter"] == "1"
    assert there.outcomes()[1].problem.code == ErrorCode.SUPERSEDED.code


def test_a_proposal_shows_beside_the_value_until_the_crm_decides(town, chen):
    customer = town.put_customer("p1", phone="1380")
    tablet = town.tablet(chen)
    tablet.sync()
    tablet.propose("customer", customer, {"phone": "1390"}, reason="told me so")
    assert tablet.view("customer", customer).proposed == {"phone": "1390"}
    tablet.sync()
    seen = tablet.view("customer", customer)
    assert (seen.body["phone"], seen.proposed, seen.pending) == ("1380", {"phone": "1390"}, ())
    (request,) = tablet.find("request")
    town.put("request", request.body | {"state": "accepted"}, request.id)
    town.put_customer("p1", customer, phone="1390", crm_revision=2)
    tablet.sync()
    seen = tablet.view("customer", customer)
    assert (seen.body["phone"], seen.proposed) == ("1390", {})


def test_evidence_is_chained_signed_and_accepted_without_a_flag(town, chen):
    customer = town.put_customer("p1")
    tablet = town.tablet(chen)
    tablet.sync()
    made = [tablet.append("visit", visit(customer, next_step=str(step))) for step in range(3)]
    tablet.sync()
    chain = [tablet.view("visit", one.id).body for one in made]
    assert [outcome.flags for outcome in tablet.outcomes().values()] == [[], [], []]
    assert [body["prev"] for body in chain] == ["", chain[0]["hash"], chain[1]["hash"]]


def test_a_portfolio_that_is_taken_away_is_purged_with_a_signed_receipt(town, chen):
    kept, gone = town.put_customer("p1"), town.put_customer("p2")
    chen.portfolios.add("p2")
    tablet = town.tablet(chen)
    tablet.sync()
    tablet.append("visit", visit(gone))
    chen.portfolios.remove("p2")
    chen.past["portfolio:p2"] = "2026-11-21T01:00:00.001Z"
    tablet.sync()
    assert [seen.id for seen in tablet.find("customer")] == [kept]
    assert tablet.outcomes()[1].status == "applied"
    assert town.engine.purge_orders(tablet.install_id) == []
    (purge,) = town.store.read(lambda snapshot: snapshot.purges(tablet.install_id))
    assert b'"deleted":1' in purge.receipt
    assert_agrees(town, tablet, chen)


def test_a_customer_in_two_portfolios_stays_until_the_last_drops_it(town, chen):
    chen.portfolios.add("p2")
    shared = town.put_customer("p1", assist_portfolio="p2")
    tablet = town.tablet(chen)
    tablet.sync()
    town.put_customer("p1", shared)
    tablet.sync()
    assert tablet.view("customer", shared) is not None
    town.put_customer("p9", shared)
    tablet.sync()
    assert tablet.view("customer", shared) is None
    assert_agrees(town, tablet, chen)


def test_a_revoked_tablet_deletes_everything_but_what_it_could_not_hand_in(town, chen):
    customer = town.put_customer("p1")
    tablet = town.tablet(chen)
    tablet.sync()
    tablet.append("visit", visit(customer))
    tablet.sync()
    tablet.append("visit", visit(customer))
    chen.revoked = town.engine.order_purge(tablet.install_id)
    with pytest.raises(Refused, match="revoked"):
        tablet.sync()
    assert tablet.digest_report() == {}
    assert tablet.find("customer") == []
    assert [item.n for item in tablet.unsettled()] == [2]
    assert town.engine.purge_orders(tablet.install_id) == []


def test_a_damaged_replica_is_found_mended_and_reported(town, chen):
    customers = [town.put_customer("p1") for _ in range(250)]
    tablet = town.tablet(chen)
    tablet.sync()
    database = tablet._parts.database
    database.execute("UPDATE record SET version = 7 WHERE id = ?", (customers[0],))
    database.execute("DELETE FROM record WHERE id = ?", (customers[1],))
    database.execute("DELETE FROM membership WHERE id = ?", (customers[1],))
    database.execute("UPDATE membership SET id = ? WHERE id = ?", (town.new_id(), customers[2]))
    tablet.recount()
    report = tablet.sync()
    assert report.mended >= 3
    assert_agrees(town, tablet, chen)
    assert [incident.bucket for incident in tablet.incidents()] == ["portfolio:p1"]


def test_a_big_first_sync_shows_nothing_until_the_round_is_complete(town, chen):
    for _ in range(1500):
        town.put_customer("p1")
    tablet = town.tablet(chen, fault=Once("pull", Fault.LOSE_REQUEST, skip=1))
    with pytest.raises(LineFailed):
        tablet.sync()
    assert tablet.find("customer") == []
    tablet = town.reopen(tablet.install_id, chen, tablet.snapshot())
    assert tablet.sync().changes <= 501
    assert len(tablet.find("customer")) == 1500
    assert_agrees(town, tablet, chen)


def test_a_server_restored_from_a_backup_is_healed_from_the_journal(town, wang):
    tablet = town.tablet(wang)
    tablet.serve_line(BRANCH, "A", DAY, want=10)
    tablet.create("form", form(name="before"))
    tablet.sync()
    backup = town.store.backup()
    made = tablet.create("form", form(name="after"))
    tablet.patch("form", made.id, {"phone": "1"})
    tickets = [tablet.issue_ticket(BRANCH, "A", DAY) for _ in range(8)]
    tablet.sync()
    more = tablet.issue_ticket(BRANCH, "A", DAY)
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet.sync()
    assert tablet.view("form", made.id).body["phone"] == "1"
    assert tablet.unsent_count() == 0
    assert {outcome.status for outcome in tablet.outcomes().values()} == {"applied"}
    assert all(tablet.view("ticket", it.id).body.get("flags", []) == [] for it in [*tickets, more])
    assert_agrees(town, tablet, wang)


def test_a_restored_server_is_healed_although_nobody_typed_anything(town, wang):
    tablet = town.tablet(wang)
    backup = town.store.backup()
    tablet.create("form", form(name="after"))
    tablet.sync()
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet.sync()
    assert [seen.version for seen in tablet.find("form")] == [1]
    assert_agrees(town, tablet, wang)


def test_leases_that_a_backup_forgot_are_shown_before_their_tickets_come(town, wang):
    tablet = town.tablet(wang)
    backup = town.store.backup()
    tablet.serve_line(BRANCH, "A", DAY, want=2)
    tablet.sync()
    tablet.issue_ticket(BRANCH, "A", DAY)
    tablet.end_day(DAY)
    tablet.sync()
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet = town.reopen(tablet.install_id, wang, tablet.snapshot())
    tablet.sync()
    assert [outcome.flags for outcome in tablet.outcomes().values()] == [[]]
    assert [line.unused for line in town.engine.account_numbers(BRANCH, DAY).lines] == [[2, 101]]


def test_a_receipt_that_a_backup_has_no_order_for_stops_nothing(town, chen):
    tablet = town.tablet(chen, fault=Once("acknowledge_purges", Fault.LOSE_REQUEST))
    town.put_customer("p1")
    tablet.sync()
    backup = town.store.backup()
    chen.portfolios.clear()
    with pytest.raises(LineFailed):
        tablet.sync()
    town.store.restore(backup, town.new_id(), number_gap=100)
    tablet.sync()
    assert tablet.find("customer") == []
    assert_agrees(town, tablet, chen)


def test_a_person_who_comes_after_a_revoked_one_begins_with_an_empty_tablet(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="x"))
    tablet.sync()
    town.engine.order_purge(tablet.install_id)
    again = town.reopen(tablet.install_id, wang, tablet.snapshot())
    report = again.sync()
    assert report.changes >= 1  # everything was sent anew
    assert town.engine.purge_orders(tablet.install_id) == []
    assert_agrees(town, again, wang)


def test_a_tablet_long_out_of_contact_deletes_its_replica_and_keeps_what_was_typed(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="handed in"))
    tablet.sync()
    typed = tablet.create("form", form(name="typed"))
    town.clock.pass_time(days=7)
    assert not tablet.lock_if_out_of_contact()
    town.clock.pass_time(hours=1)
    assert tablet.lock_if_out_of_contact()
    assert [seen.id for seen in tablet.find("form")] == [typed.id]
    tablet.sync()
    assert len(tablet.find("form")) == 2
    assert_agrees(town, tablet, wang)


def test_too_large_a_push_is_halved_until_it_fits(town, wang):
    tablet = town.tablet(wang)
    for _ in range(7):
        tablet.create("form", form())
    line = tablet._parts.transport
    line.refuse_push_above = 2
    assert tablet.sync().pushed == 7


def test_a_record_that_only_this_tablet_has_is_mended_away(town, chen):
    for n in range(150):
        town.put_customer("p1", f"0197{n:04x}-0000-7000-8000-000000000000")
    tablet = town.tablet(chen)
    tablet.sync()
    only_here = "f0000000-0000-7000-8000-000000000000"
    database = tablet._parts.database
    database.execute("INSERT INTO record VALUES ('customer', ?, 1, '{}')", (only_here,))
    database.execute("INSERT INTO membership VALUES ('customer', ?, 'portfolio:p1')", (only_here,))
    tablet.recount()
    assert tablet.sync().mended == 1
    assert tablet.view("customer", only_here) is None


def test_a_tablet_brought_back_to_an_older_state_goes_on_after_its_old_numbers(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="one"))
    snapshot = tablet.snapshot()
    tablet.create("form", form(name="two"))
    tablet.sync()
    older = town.reopen(tablet.install_id, wang, snapshot)
    older.create("form", form(name="three"))
    older.sync()
    assert older.create("form", form(name="four")).n == 4
    older.sync()
    assert sorted(seen.body["name"] for seen in older.find("form")) == ["four", "one", "three", "two"]
    assert {outcome.status for outcome in older.outcomes().values()} == {"applied"}
    assert_agrees(town, older, wang)


def test_both_ends_set_back_still_find_each_other(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form(name="one"))
    tablet.sync()
    snapshot, backup = tablet.snapshot(), town.store.backup()
    for name in ("two", "three"):
        tablet.create("form", form(name=name))
    tablet.sync()
    older = town.reopen(tablet.install_id, wang, snapshot)
    older.sync()
    older.create("form", form(name="four"))
    town.store.restore(backup, town.new_id(), number_gap=100)
    older.sync()
    assert sorted(seen.body["name"] for seen in older.find("form")) == ["four", "one"]
    assert older.unsent_count() == 0
    assert_agrees(town, older, wang)
    assert [incident.bucket for incident in older.incidents()] == ["journal"]


def test_an_app_too_old_to_pull_still_hands_in(town, wang):
    tablet = town.tablet(wang)
    tablet.create("form", form())
    line = tablet._parts.transport
    who = line.who
    line.who = lambda: _too_old(who())
    report = tablet.sync()
    assert report.must_update
    assert tablet.unsent_count() == 0


def _too_old(actor):
    return msgspec.structs.replace(actor, schema=0)


def test_numbers_run_out_into_the_overflow_series_and_unused_ones_go_back(town, wang):
    tablet = town.tablet(wang)
    tablet.serve_line(BRANCH, "A", DAY, want=3)
    tablet.sync()
    numbers = [tablet.issue_ticket(BRANCH, "A", DAY).body for _ in range(5)]
    assert [(body["number"], body.get("overflow")) for body in numbers] == [
        (1, None), (2, None), (3, None), (1, "A"), (2, "A"),
    ]  # fmt: skip
    tablet.sync()
    assert tablet.issue_ticket(BRANCH, "A", DAY).body["number"] == 4
    tablet.end_day(DAY)
    tablet.sync()
    report = town.engine.account_numbers(BRANCH, DAY)
    assert report.is_accounted
    assert report.lines[0].unused == [5, 6]
    assert {flag for outcome in tablet.outcomes().values() for flag in outcome.flags} == set()


def test_a_photo_follows_its_visit(town, chen):
    customer = town.put_customer("p1")
    tablet = town.tablet(chen, fault=Once("continue_upload", Fault.LOSE_REQUEST))
    id = town.new_id()
    photo = tablet.keep_photo("visit", id, b"\xff\xd8photo")
    tablet.append("visit", visit(customer, photos=[photo]), id=id)
    with pytest.raises(LineFailed):
        tablet.sync()
    tablet.sync()
    assert list(tablet._parts.transport.files.values()) == [b"\xff\xd8photo"]
    assert tablet._parts.transport.calls.count("begin_upload") == 1
