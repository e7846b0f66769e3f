"""Purge receipts: a device's signed word that it deleted what it was told to (C7)."""

import msgspec

from contracts.purges import PurgeAckRequest, PurgeReceipt
from sync.errors import BadSignature, NotFound
from sync.signing import canonical, verify
from sync.store import AuditEntry, PurgeRow, Unit


def receipt_payload(receipt: PurgeReceipt) -> bytes:
    """Return the canonical JSON that a receipt's signature covers: the receipt without `sig`."""
    body = msgspec.to_builtins(receipt)
    return canonical({name: value for name, value in body.items() if name != "sig"})


def settle_receipts(unit: Unit, request: PurgeAckRequest, install_id: str, at: str) -> list[str]:
    """Keep each receipt with its order and return the settled orders; a second receipt changes nothing.

    Raises NotFound for an order of another install, BadSignature for a receipt the device did not sign.
    """
    install = unit.find_install(install_id)
    orders = {order.purge: order for order in unit.purges(install_id)}
    for receipt in request.receipts:
        order = orders.get(receipt.purge)
        if install is None or order is None:
            raise NotFound("this install has no such purge order")
        if not verify(install.public_key, receipt_payload(receipt), receipt.sig):
            raise BadSignature("the receipt is not signed by this install's device key")
        _settle(unit, order, receipt, at)
    return [receipt.purge for receipt in request.receipts]


def _settle(unit: Unit, order: PurgeRow, receipt: PurgeReceipt, at: str) -> None:
    if order.receipt is not None:
        return
    unit.save_purge(msgspec.structs.replace(order, receipt=msgspec.json.encode(receipt)))
    detail = {"purge": order.purge, "deleted": receipt.deleted, "late": at > order.deadline}
    stream = f"install:{order.install_id}"
    unit.audit(AuditEntry(stream=stream, at=at, actor=order.install_id, action="purged", detail=detail))
