"""One ledger for lobby and field: a talk counts once, for whoever lives together, and a no is heard everywhere."""

from functools import partial

import pytest

from backend.domain.marketing.queries import customers_of, funnel_rows, household_of
from tests.backend.doors.tablets import new_id
from tests.sync.store_cases import run_together


def test_a_contact_in_the_lobby_names_the_ticket_and_the_server_knows_whose_it_is(ledger):
    customer = ledger.customer()
    ticket = ledger.ticket(customer, branch_id="3502")
    contact = ledger.contact("l3", ticket_id=ticket, org_id="3501")
    entry = ledger.entries()[contact]
    assert (entry["customer_id"], entry["org_id"], entry["author"], entry["channel"]) == (
        customer, "3502", "l3", "lobby",
    )  # fmt: skip
    assert (entry["business_date"], entry["is_marketing"]) == ("2026-11-21", True)


def test_a_contact_before_the_customer_is_known_is_completed_when_he_is_and_follows_him_if_it_was_another(ledger):
    customer, other = ledger.customer(), ledger.customer()
    ticket = ledger.ticket()
    contact = ledger.contact(ticket_id=ticket)
    assert ledger.entries()[contact]["customer_id"] is None
    ledger.change("ticket", ticket, customer_id=customer)
    assert ledger.entries()[contact]["customer_id"] == customer
    ledger.change("ticket", ticket, customer_id=other)
    assert ledger.entries()[contact]["customer_id"] == other
    assert ledger.store.read(lambda look: customers_of(look.connection, [contact])) == [other]


def test_a_contact_and_the_word_whose_ticket_it_is_may_come_at_once(ledger):
    customer = ledger.customer()
    tickets = [ledger.ticket(number=number) for number in range(1, 11)]
    deeds = [
        deed
        for ticket in tickets
        for deed in (
            partial(ledger.contact, ticket_id=ticket),
            partial(ledger.change, "ticket", ticket, customer_id=customer),
        )
    ]
    run_together(4, lambda worker: [deed() for deed in deeds[worker::4]])
    assert {entry["customer_id"] for entry in ledger.entries().values()} == {customer}
    assert {entry["ticket_id"] for entry in ledger.entries().values()} == set(tickets)


def test_one_talk_counts_once_and_two_people_who_talk_count_twice(ledger):
    customer, product = ledger.customer(), ledger.product()
    ticket = ledger.ticket(customer)
    for stage in ("approached", "recommended", "interested"):
        ledger.contact("l1", stage, ticket_id=ticket, product_id=product)
    assert ledger.bars(customer) == []
    ledger.contact("l2", ticket_id=ticket)
    assert ledger.bars(customer) == [["contact_cap"]]
    assert ledger.bars(customer, ticket_id=ticket) == []


def test_lobby_and_field_fill_one_cap_and_a_week_later_it_is_open_again(ledger):
    customer = ledger.customer()
    ledger.product()
    ledger.contact("l1", ticket_id=ledger.ticket(customer))
    ledger.contact("f1", "recommended", customer_id=customer, channel="visit")
    assert ledger.bars(customer) == [["contact_cap"]]
    ledger.house.clock.advance(days=7)
    assert ledger.bars(customer) == []


def test_a_visit_is_a_contact_and_counts_for_the_cap_only_if_it_offers_something(ledger):
    customer = ledger.customer()
    ledger.product()
    duty = ledger.visit(customer)
    ledger.visit(customer, author="f2")
    assert ledger.bars(customer) == []
    assert (ledger.entries()[duty]["channel"], ledger.entries()[duty]["is_marketing"]) == ("visit", False)
    ledger.visit(customer, purpose="存款营销")
    ledger.contact("f1", "recommended", customer_id=customer, channel="visit")
    assert ledger.bars(customer) == []
    ledger.visit(customer, purpose="存款营销", author="f2", type="phone")
    assert ledger.bars(customer) == [["contact_cap"]]


def test_the_correction_of_a_visit_is_no_second_contact(ledger):
    customer = ledger.customer()
    first = ledger.visit(customer, purpose="存款营销")
    second = ledger.visit(customer, purpose="贷后检查", amends=first)
    assert {id: entry["is_marketing"] for id, entry in ledger.entries().items()} == {second: False}


def test_a_visit_that_corrects_that_of_another_person_is_a_contact_of_its_own(ledger):
    customer = ledger.customer()
    first = ledger.visit(customer, purpose="存款营销", author="f2")
    second = ledger.visit(customer, purpose="存款营销", amends=first)
    assert set(ledger.entries()) == {first, second}


def test_a_household_is_parents_children_and_spouse_for_as_long_as_that_lasts(ledger):
    own, wife, child, brother, former = (ledger.customer() for _ in range(5))
    ledger.relate(own, wife, "07", until="2026-11-21")
    ledger.relate(child, own, "05")
    ledger.relate(own, brother, "08")
    ledger.relate(own, former, "07", until="2026-11-20")
    members = ledger.store.read(lambda look: household_of(look.connection, own, "2026-11-21"))
    assert members == sorted([own, wife, child])


def test_two_managers_who_talk_to_one_household_both_count(ledger):
    wife, husband, child = (ledger.customer() for _ in range(3))
    ledger.product()
    ties = [ledger.relate(husband, wife), ledger.relate(husband, child, "06"), ledger.relate(wife, child, "06")]
    ledger.contact("l1", ticket_id=ledger.ticket(wife))
    ledger.contact("l3", ticket_id=ledger.ticket(husband, branch_id="3502"))
    assert ledger.bars(child) == [["household_cap"]]
    ledger.change("relation", ties[1], role="11")
    assert ledger.bars(child) == []


def test_a_no_that_was_told_in_the_lobby_is_heard_everywhere_at_once_and_reaches_the_crm(ledger):
    customer, product = ledger.customer(), ledger.product()
    ticket = ledger.ticket()
    ledger.contact("l1", "refused", ticket_id=ticket, is_opt_out=True)
    ledger.change("ticket", ticket, customer_id=customer)
    assert ledger.bars(customer, "3502", right="assist") == [["opted_out", "refused"]]
    (request,) = ledger.records("request", "staff:l1")
    assert (request["subject_id"], request["proposed"]) == (customer, {"is_marketing_refused": True})
    assert ledger.drain().accepted == 1
    assert ledger.body("customer", customer)["is_marketing_refused"] is True
    ledger.contact("f1", "recommended", customer_id=customer, product_id=product, channel="visit")
    assert [entry["is_unwelcome"] for entry in ledger.entries().values()].count(True) == 1
    assert len(ledger.records("request", "staff:l1")) == 1


def test_a_no_of_somebody_whom_the_crm_has_yet_to_tell_of_is_kept_for_them(ledger):
    customer = new_id()
    ledger.product()
    ledger.contact("l1", "approached", ticket_id=ledger.ticket(customer), is_opt_out=True)
    ledger.customer(id=customer)
    assert ledger.bars(customer) == [["opted_out"]]


def test_consent_that_is_given_again_ends_an_old_no(ledger):
    customer = ledger.customer()
    ledger.product()
    ledger.contact("f1", "approached", customer_id=customer, channel="visit", is_opt_out=True)
    assert ledger.bars(customer) == [["opted_out"]]
    ledger.drain()
    assert ledger.bars(customer) == [["opted_out"]]
    ledger.change("customer", customer, is_marketing_refused=False, crm_revision=9)
    assert ledger.bars(customer) == []


def test_what_was_reserved_is_a_task_of_the_customers_manager_and_stays_as_he_leaves_it(ledger):
    customer, product = ledger.customer(), ledger.product()
    ticket = ledger.ticket()
    contact = ledger.contact("l1", "reserved", ticket_id=ticket, product_id=product)
    assert ledger.records("task", "staff:f1") == []
    ledger.change("ticket", ticket, customer_id=customer)
    (task,) = ledger.records("task", "staff:f1")
    assert (task["title"], task["customer_id"], task["due_on"]) == ("跟进预约：产品D1", customer, "2026-11-24")
    ledger.change("task", task["id"], is_done=True)
    ledger.change("contact", contact, flags=["LATE_SYNC"])
    assert [one["is_done"] for one in ledger.records("task", "staff:f1")] == [True]


def test_a_customer_without_a_manager_is_followed_up_by_whoever_reserved(ledger):
    customer = ledger.customer(host_portfolio=None)
    ledger.contact("l3", "reserved", customer_id=customer)
    assert [task["title"] for task in ledger.records("task", "staff:l3")] == ["跟进预约"]


@pytest.mark.parametrize(("right", "expected"), [("host", [["reserved"]]), ("assist", []), ("none", [])])
def test_a_branch_that_assists_does_not_learn_what_was_dealt_elsewhere(ledger, right, expected):
    customer, product = ledger.customer(), ledger.product()
    ledger.contact("l1", "reserved", ticket_id=ledger.ticket(customer), product_id=product)
    card = ledger.card(customer, "3502", right=right)
    assert [one["barred_by"] for one in card["suppressed"]] == expected
    assert [one.get("product_id") for one in card["contacts"]] == [product if expected else None]


def test_what_a_branch_sells_is_what_it_and_those_above_it_sell(ledger):
    customer = ledger.customer()
    here = [ledger.product(code, sold_at=orgs) for code, orgs in (("A", []), ("B", ["35"]), ("C", ["3501"]))]
    ledger.product("D", sold_at=["3502"])
    card = ledger.card(customer)
    assert [one["product_id"] for one in card["suggestions"]] == here
    assert [one["barred_by"] for one in card["suppressed"]] == [["not_sold_here"]]


def test_the_figures_get_every_contact_of_a_branchs_day(ledger):
    ticket = ledger.ticket(ledger.customer())
    stages = ["approached", "recommended", "done"]
    for stage in stages:
        ledger.contact("l1", stage, ticket_id=ticket)
    ledger.contact("l3", ticket_id=ledger.ticket(branch_id="3502"))
    rows = ledger.store.read(lambda look: funnel_rows(look.connection, "3501", "2026-11-21"))
    assert sorted(row.stage for row in rows) == sorted(stages)
    assert {(row.ticket_id, row.author, row.org_id) for row in rows} == {(ticket, "l1", "3501")}


def test_a_bank_has_labels_of_its_own_under_names_of_its_own(ledger):
    own = {"rural": "乡村振兴", "deposit_potential": "储蓄潜力"}
    choices = [{"code": code, "name": name} for code, name in own.items()]
    ledger.put("code_list", code="potential_label", title="潜力客户标签", choices=choices)
    ledger.product(labels=["rural", "deposit_potential", "card_potential"])
    (offer,) = ledger.card(ledger.customer(labels=["rural", "deposit_potential", "card_potential"]))["suggestions"]
    assert set(offer["reasons"]) == {"客户标签“乡村振兴”", "客户标签“储蓄潜力”", "客户标签“贷记卡潜力”"}
