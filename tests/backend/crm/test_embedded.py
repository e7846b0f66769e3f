"""The embedded CRM decides proposals; what it cannot decide waits for a supervisor, and nothing is lost on the way."""

import pytest

from backend.crm.rules import decide
from backend.storage.outbox import list_waiting
from contracts.review import Decision


@pytest.fixture
def known(town):
    town.apply(town.event(1, phone="1380", email="old@b.example"))
    return town


def waiting(town):
    return town.store.read(lambda look: list_waiting(look.connection, 0, 100))


def test_a_proposal_against_an_unchanged_field_is_accepted(known):
    known.propose({"phone": "1380"}, phone="1390")
    assert known.drain().accepted == 1
    assert (known.body()["phone"], known.body()["crm_revision"]) == ("1390", 2)
    assert (known.request()["state"], known.request()["state_by"]) == ("accepted", "crm")


def test_the_crm_may_change_another_field_meanwhile(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.apply(known.event(2, phone="1380", email="new@b.example"))
    known.drain()
    assert (known.body()["phone"], known.body()["email"], known.body()["crm_revision"]) == ("1390", "new@b.example", 3)


def test_a_proposal_against_a_changed_field_waits_for_a_supervisor_with_both_values(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.apply(known.event(2, phone="1370"))
    assert known.drain().conflict == 1
    request, review = known.request(), known.review()
    assert known.body()["phone"] == "1370"
    assert (request["state"], request["crm_values"]) == ("conflict", {"phone": "1370"})
    assert "phone" in request["decision_note"]
    assert (review["must_act"], review["state"], review["author"]) == ("supervisor", "open", "f1")
    assert review["fields"][0]["mine"] == "1390"
    assert "theirs" not in review["fields"][0]
    assert known.drain().held == 1


def test_a_supervisor_who_overrides_makes_the_proposal_stand(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.apply(known.event(2, phone="1370"))
    known.drain()
    known.decide(Decision.OVERRIDE)
    assert known.drain().accepted == 1
    assert (known.body()["phone"], known.body()["crm_revision"]) == ("1390", 3)
    assert known.request()["state"] == "accepted"
    assert known.apply(known.event(3, phone="1370")).stale == 1


def test_a_supervisor_who_keeps_rejects_the_proposal_with_the_reason(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.apply(known.event(2, phone="1370"))
    known.drain()
    known.decide(Decision.KEEP)
    assert known.drain().rejected == 1
    assert known.body()["phone"] == "1370"
    assert (known.request()["state"], known.request()["decision_note"]) == ("rejected", "asked the customer")
    known.drain()
    assert waiting(known) == []


def test_an_author_who_lost_the_customer_does_not_read_the_crms_value(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.apply(known.event(2, phone="1370", host_portfolio="p2", host_org="3502"))
    known.drain()
    assert known.request()["state"] == "conflict"
    assert known.request()["crm_values"] == {}


def test_a_field_that_was_empty_and_still_is_takes_a_proposal(known):
    known.propose({"contact_note": None}, contact_note="call in the evening")
    assert known.drain().accepted == 1
    assert known.body()["contact_note"] == "call in the evening"


def test_two_proposals_for_one_field_are_decided_one_after_the_other(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.propose({"phone": "1380"}, phone="1391")
    done = known.drain()
    assert (done.accepted, done.conflict) == (1, 1)
    assert known.body()["phone"] == "1390"


def test_draining_again_changes_nothing(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.drain()
    before = known.body()
    known.drain()
    assert known.drain().accepted == 0
    assert known.body() == before
    assert waiting(known) == []


def test_the_proposal_of_a_person_who_left_is_decided_all_the_same(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.apply(known.event(2, phone="1370"))
    known.dismiss("f1")
    assert known.drain().conflict == 1


def test_a_value_that_the_crm_has_already_is_no_dispute():
    verdict = decide({"phone": "2", "email": "a"}, {"phone": "2", "email": "b"}, {"phone": "1", "email": "a"})
    assert (verdict.state, verdict.take) == ("accepted", {"email": "b"})


def test_one_disputed_field_holds_up_the_whole_proposal():
    verdict = decide({"phone": "3", "email": "a"}, {"phone": "2", "email": "b"}, {"phone": "1", "email": "a"})
    assert (verdict.state, verdict.take, verdict.disputed) == ("conflict", {}, {"phone": "3"})


def test_every_decision_is_in_the_audit_chain(known):
    known.propose({"phone": "1380"}, phone="1390")
    known.drain()
    assert ("decide", "accepted") in known.house.audited("server:crm")
