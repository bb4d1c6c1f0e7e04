"""Envelopes over HTTP: from the draft to the last seal."""

from tests.support.envelopes import agree, companies, sent
from tests.support.office import Hall


def test_two_parties_conclude_a_contract(hall: Hall) -> None:
    buyer, seller = companies(hall, 2)
    contract = sent(hall, {"buyer": buyer, "seller": seller})
    assert contract.state() == "sent"
    first = agree(contract, "buyer", buyer.chief)
    assert first.status_code == 200, first.text
    assert contract.party("buyer")["state"] == "sealed", contract.party("buyer")
    second = agree(contract, "seller", seller.chief)
    assert second.json()["state"] == "completed", second.text
