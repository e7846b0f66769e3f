"""What is offered at a branch tells nothing of what the customer has elsewhere (001-11)."""

import pytest

from tests.backend.marketing.ledger import NOW


def card_of(ledger, ticket_id, branch_id):
    (card,) = [card for card in ledger.records("card", f"branch:{branch_id}") if card["ticket_id"] == ticket_id]
    return {name: card[name] for name in ("suggestions", "suppressed", "contacts")}


def deal_elsewhere(ledger, customer, product):
    """Let the host's branch sell, remind and reserve."""
    common = {"customer_id": customer, "org_id": "3501", "crm_revision": 1, "as_of": NOW}
    ledger.put("holding", product_id=product, **common)
    ledger.put("reminder", sort="loan_overdue", state="open", **common)
    ledger.contact("f1", "reserved", customer_id=customer, product_id=product, channel="visit")


@pytest.mark.parametrize("assist_org", ["3502", None])
def test_what_the_host_deals_changes_no_offer_elsewhere_but_the_count_of_talks(ledger, assist_org):
    product = ledger.product(after=["loan_overdue"])
    ledger.product("D2", beside=["deposit"])
    customer = ledger.customer(assist_org=assist_org)
    here, there = ledger.ticket(customer), ledger.ticket(customer, branch_id="3502")
    own_before, before = card_of(ledger, here, "3501"), card_of(ledger, there, "3502")
    deal_elsewhere(ledger, customer, product)
    own, after = card_of(ledger, here, "3501"), card_of(ledger, there, "3502")
    assert own != own_before
    assert own["suppressed"][0]["barred_by"] == ["service_first", "reserved", "held"]
    assert {name: after[name] for name in ("suggestions", "suppressed")} == {
        name: before[name] for name in ("suggestions", "suppressed")
    }
    assert [(one["stage"], "product_id" in one) for one in after["contacts"]] == [("approached", False)]
