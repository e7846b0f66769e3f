"""How personal data looks where nobody asked to see it in full (requirements.md, section 2)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

STARS_MAX = 3  # a long name does not tell its length
ENDS = 4  # characters of a number that may be read at its end

# Up to the village or road; the number of the house and all that follows stays hidden.
DEEPEST = re.compile(r"^(.*(?:村|社区|大道|路|街|巷|弄))")
WIDER = re.compile(r"^(.*(?:镇|乡|县|区|市|省))")
HOUSE = re.compile(r"[0-9０-９〇零一二三四五六七八九十百]+\s*(?:号|组|栋|幢|座|室|单元|楼|层|弄)|[0-9０-９]")
LONG_NUMBER = re.compile(r"(?<![0-9])[0-9](?:[0-9 \-]{5,}[0-9])[Xx]?(?![0-9])")


def mask_name(name: str, *, is_company: bool = False) -> str:
    """Return a name as lists show it: 李*明, 欧**明, 李*; a company's name is public."""
    if is_company or not name:
        return name
    if len(name) < 3:
        return name[:1] + "*" if len(name) == 2 else "*"
    return name[0] + "*" * min(len(name) - 2, STARS_MAX) + name[-1]


def mask_phone(phone: str) -> str:
    """Return a phone number with its middle hidden: 138****5678; of another one only the end can be read."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-ENDS:]}"
    return _tail(digits, ENDS if len(digits) > 2 * ENDS else 2)


def mask_certificate(number: str) -> str:
    """Return an identity number by both ends: 3526**********0015; a shorter number by its end."""
    if len(number) >= 15:
        return f"{number[:4]}{'*' * (len(number) - 8)}{number[-ENDS:]}"
    return _tail(number, ENDS if len(number) > 2 * ENDS else 2)


def mask_tail(tail: str) -> str:
    """Return the last four of a certificate or account as what they are: ****0015."""
    return f"****{tail[-ENDS:]}" if tail else ""


def mask_account(number: str) -> str:
    """Return an account or card number in groups: 6217 **** **** 1234."""
    digits = re.sub(r"\s", "", number)
    if len(digits) < 12:
        return _tail(digits, ENDS if len(digits) > ENDS else 0)
    return f"{digits[:4]} **** **** {digits[-ENDS:]}"


def mask_address(address: str) -> str:
    """Return an address to its village or road."""
    house = HOUSE.search(address)
    before = address[: house.start()] if house else address
    place = DEEPEST.match(before) or WIDER.match(before)
    known = place[1] if place else ""
    return address if known == address else f"{known}***"


def mask_email(email: str) -> str:
    """Return an address of mail by its first character and its host: l***@b.example."""
    name, at, host = email.rpartition("@")
    return f"{name[:1]}***{at}{host}" if at else _tail(email, 0)


def mask_text(text: str) -> str:
    """Return what somebody wrote with its long numbers hidden: phones, accounts, identity numbers."""
    return LONG_NUMBER.sub(lambda found: _tail(found[0], 2), text)


def mask_all(text: str) -> str:
    """Return nothing but that there is something."""
    return "***" if text else ""


# Field → how it looks by default. A C2 field that is not named here shows nothing at all.
MASKS: Mapping[str, Callable[[str], str]] = {
    "name": mask_name,
    "phone": mask_phone,
    "home_phone": mask_phone,
    "work_phone": mask_phone,
    "email": mask_email,
    "home_address": mask_address,
    "mail_address": mask_address,
    "work_address": mask_address,
    "certificate_no": mask_certificate,
    "certificate_tail": mask_tail,
    "account_no": mask_account,
    "account_tail": mask_tail,
}


def mask_field(field: str, value: Any) -> str:
    """Return a C2 field's value as it looks by default; an empty one is empty."""
    if value in (None, "", [], {}):
        return ""
    return MASKS.get(field, mask_all)(str(value))


def _tail(text: str, length: int) -> str:
    return "****" + text[len(text) - length :] if text else ""
