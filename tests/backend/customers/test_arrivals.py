"""Claims are answered and forgotten; cards come and go with their tickets, and show what the right allows."""

import pytest

from sync.puts import Put
from tests.backend.customers.lobby import MAN, WOMAN


def identified(tablet, ticket):
    body = tablet.lobby.body("ticket", ticket)
    return body["identified"], body["customer_id"]


@pytest.mark.parametrize(
    "claim",
    [
        {"sort": "swipe", "customer_no": "35000000001"},
        {"sort": "id_reader", "certificate_no": MAN},
        {"sort": "id_reader", "certificate_no": " 352601 19600101 0015"},
        {"sort": "id_reader", "certificate_no": "352601600101001"},
        {"sort": "phone_name", "phone_tail": "5678", "name": "李 小明"},
    ],
)
def test_a_claim_finds_its_customer(lobby, here, claim):
    customer = lobby.customer(certificate_no=MAN)
    ticket = here.issue(claim=claim)
    assert identified(here, ticket) == ("matched", customer)
    assert here.card()["name"] == "李小明"


@pytest.mark.parametrize(
    "claim",
    [
        {"sort": "swipe", "customer_no": "35000000002"},
        {"sort": "swipe"},
        {"sort": "id_reader", "certificate_no": "352601196001010016"},
        {"sort": "id_reader", "certificate_no": WOMAN},
        {"sort": "phone_name", "phone_tail": "5679", "name": "李小明"},
        {"sort": "phone_name", "phone_tail": "5678"},
    ],
)
def test_a_claim_that_fits_nobody_says_so(lobby, here, claim):
    lobby.customer(certificate_no=MAN)
    assert identified(here, here.issue(claim=claim)) == ("unknown", None)
    assert here.cards() == []


def test_two_who_fit_make_a_doubt_and_the_identity_card_ends_it(lobby, here):
    lobby.customer(certificate_no=MAN)
    second = lobby.customer(customer_no="35000000002", certificate_no=WOMAN)
    ticket = here.issue(claim={"sort": "phone_name", "phone_tail": "5678", "name": "李小明"})
    assert identified(here, ticket) == ("ambiguous", None)
    assert here.claim(ticket, "id_reader", certificate_no=WOMAN).status == "merged"  # with the server's own answer
    assert identified(here, ticket) == ("matched", second)


def test_nothing_of_a_claim_is_kept_not_even_where_it_is_parked_or_disputed(lobby, here, there):
    lobby.customer(certificate_no=MAN)
    ticket = here.issue(claim={"sort": "id_reader", "certificate_no": MAN, "name": "查无此人"})
    told = {"sort": "id_reader", "certificate_no": MAN, "name": "查无此人"}
    base = {"claim": {"sort": "swipe", "name": "查无此人"}}
    here.push(here.say("ticket", "patch", ticket, base=base, base_version=1, set={"claim": told, "note": "x"}))
    (parked,) = there.push(there.say("ticket", "patch", ticket, base=base, set={"claim": told, "note": "kept"}))
    (broken,) = here.push(here.say("ticket", "patch", ticket, set={"claim": told | {"phone_tail": "12345"}}))
    assert (parked.status, broken.status) == ("parked", "parked")
    there.pull()
    everything = lobby.all_bytes() + here.heard + there.heard
    assert MAN.encode() not in everything
    assert "查无此人".encode() not in everything
    assert b"kept" in there.heard
    assert "李小明".encode() in everything


def test_a_ticket_that_comes_again_with_its_claim_is_the_same_ticket(lobby, here):
    body = {"branch_id": "3501", "series": "A", "business_date": "2026-11-21", "issued_at": lobby.at, "number": 1,
            "claim": {"sort": "swipe", "customer_no": "1"}}  # fmt: skip
    first = here.say("ticket", "create", set=body)
    again = here.say("ticket", "create", first["id"], set=body)
    assert [outcome.status for outcome in (*here.push(first), *here.push(again))] == ["applied", "noop"]


@pytest.mark.parametrize("states", [("left",), ("called", "serving", "finished"), ("cancelled",), ("expired",)])
def test_a_card_goes_when_its_ticket_ends(lobby, here, states):
    lobby.customer()
    ticket = here.issue(claim={"sort": "swipe", "customer_no": "35000000001"})
    here.move(ticket, *states[:-1])
    assert len(here.cards()) == 1
    here.move(ticket, states[-1])
    assert here.cards() == []


def test_a_card_goes_when_its_ticket_turns_out_to_be_somebody_elses_and_comes_back_anew(lobby, here):
    lobby.customer()
    other = lobby.customer(customer_no="35000000002", name="陈燕")
    ticket = here.issue(claim={"sort": "swipe", "customer_no": "35000000001"})
    for number, name in (("35000000002", "陈燕"), ("35000000001", "李小明")):
        here.claim(ticket, "swipe", customer_no=number)
        assert here.card()["name"] == name
    here.claim(ticket, "swipe", customer_no="35000000009")
    assert identified(here, ticket) == ("unknown", None)
    assert here.cards() == []
    assert other


def test_the_host_sees_everything_the_assistant_its_own_and_others_nothing_but_who_it_is(lobby, here, there):
    far = lobby.tablet("l3", "3601")
    customer = lobby.customer(assist_org="3502", level="vip", labels=["loan_potential"], care=["overdue"], gender="M")
    for org_id in ("3501", "3502", "3601"):
        lobby.holding(customer, org_id, balance_fen=int(org_id))
        lobby.tell("reminder", customer_id=customer, org_id=org_id, sort="loan_due", text=org_id)
    shown = {}
    for tablet in (here, there, far):
        tablet.issue(claim={"sort": "swipe", "customer_no": "35000000001"})
        shown[tablet.branch] = tablet.card()
    assert [card["right"] for card in shown.values()] == ["host", "assist", "none"]
    for branch, orgs in (("3501", ["3501", "3502", "3601"]), ("3502", ["3502"]), ("3601", ["3601"])):
        assert sorted(held["org_id"] for held in shown[branch]["holdings"]) == orgs
        assert sorted(one["text"] for one in shown[branch]["reminders"]) == orgs
    assert [shown[branch]["care"] for branch in shown] == [["overdue"], ["refer"], ["refer"]]
    assert [bool(shown[branch]["contact"]) for branch in shown] == [True, True, False]
    assert (shown["3601"]["name"], shown["3601"]["level"]) == ("李小明", "vip")
    assert not any(shown["3601"][name] for name in ("customer_no", "gender", "labels", "household", "customer_class"))


def test_a_bank_that_hosts_a_customer_gives_no_branch_below_it_the_hosts_right(lobby, here):
    customer = lobby.customer(host_org="3500")
    lobby.holding(customer, "3502")
    here.issue(claim={"sort": "swipe", "customer_no": "35000000001"})
    assert (here.card()["right"], here.card()["holdings"]) == ("none", [])


def test_a_card_follows_what_the_crm_says_while_the_customer_waits(lobby, here, there):
    customer = lobby.customer(assist_org="3502")
    tickets = [tablet.issue(claim={"sort": "swipe", "customer_no": "35000000001"}) for tablet in (here, there)]
    held = lobby.holding(customer, "3501", balance_fen=100)
    assert (len(here.card()["holdings"]), there.card()["holdings"]) == (1, [])
    reminder = lobby.tell("reminder", customer_id=customer, org_id="3502", sort="loan_due")
    assert (len(here.card()["reminders"]), len(there.card()["reminders"])) == (1, 1)
    lobby.customer(customer, host_org="3502", assist_org="3501", phone="13900000000")
    assert (here.card()["right"], there.card()["right"]) == ("assist", "host")
    assert there.card()["holdings"][0]["balance_fen"] == 100
    assert here.card()["contact"]["phone"] == "13900000000"
    assert (held, reminder, len(tickets)) == (held, reminder, 2)


def test_a_household_is_shown_masked_with_what_the_branch_may_know_of_it(lobby, here, there):
    product = lobby.new_id()
    put = {"code": "D1", "name": "定期", "family": "deposit"}
    lobby.engine.put_records([Put(kind="product", id=product, body=put)], "test")
    man = lobby.customer(assist_org="3502")
    wife = lobby.customer(customer_no="35000000002", name="陈小燕", host_org="3501")
    friend = lobby.customer(customer_no="35000000003", name="黄大伟")
    lobby.holding(wife, "3501", product_id=product)
    lobby.tell("relation", customer_id=man, related_id=wife, role="07")
    lobby.tell("relation", customer_id=man, related_id=friend, role="01")
    for tablet in (here, there):
        tablet.issue(claim={"sort": "swipe", "customer_no": "35000000001"})
    assert here.card()["household"] == [{"name": "陈*燕", "role": "07", "families": ["deposit"]}]
    assert there.card()["household"] == [{"name": "陈*燕", "role": "07"}]
    lobby.customer(wife, customer_no="35000000002", name="陈大燕", host_org="3502")
    assert (here.card()["household"][0].get("families"), there.card()["household"][0]["name"]) == (["deposit"], "陈*燕")


def test_a_card_says_from_when_on_its_data_is_old(lobby, here):
    lobby.customer()
    lobby.clock.advance(hours=30)
    lobby.customer(customer_no="35000000002")  # the CRM is heard of again, and this one did not change
    here.issue(claim={"sort": "swipe", "customer_no": "35000000001"})
    card = here.card()
    assert (card["as_of"], card["stale_at"]) == ("2026-11-22T07:30:00.000Z", "2026-11-23T19:30:00.000Z")


def test_who_looked_for_whom_is_in_the_audit_chain_without_a_name_or_number(lobby, here):
    customer = lobby.customer(certificate_no=MAN)
    ticket = here.issue(claim={"sort": "id_reader", "certificate_no": MAN})
    (entry,) = lobby.audited("identify")
    assert (entry["actor"], entry["subject"], entry["result"]) == ("l1", ticket, "matched")
    assert customer in entry["detail"]
    assert "李" not in entry["detail"]


def test_whoever_looks_for_too_many_people_in_an_hour_finds_nobody(lobby, here):
    customer = lobby.customer()
    claim = {"sort": "swipe", "customer_no": "35000000001"}
    tickets = [here.issue(claim=claim) for _ in range(21)]
    assert [identified(here, ticket) for ticket in tickets[19:]] == [("matched", customer), ("limited", None)]
    lobby.clock.advance(minutes=61)
    assert identified(here, here.issue(claim=claim)) == ("matched", customer)
