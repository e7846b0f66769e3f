"""Numbers that identify a customer: well-formed or not, and the one spelling in which they are compared (§11).

Pure, and on the floor of the house: customers, forms and the CRM's door need it alike.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple
from unicodedata import normalize

from msgspec import Struct
from stdnum.cn import uscc

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
AGE_MAX = 130
IDENTITY_CARD = "10"
LANDLINE_LENGTH_MAX = 35
NUMBER_LENGTH_MAX = 40

# The first two digits of a division: provinces, and where the holder of a residence permit comes from.
PROVINCES = frozenset(
    {"11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
     "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83"}
)  # fmt: skip
RESIDENCE = {"81": "hk_permit", "82": "macao_permit", "83": "taiwan_permit"}  # 港澳台居民居住证
FOREIGNER = "9"  # the new permanent residence card of foreigners begins with it

IDENTITY_18 = re.compile(r"[0-9]{17}[0-9X]")
IDENTITY_15 = re.compile(r"[0-9]{15}")
MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE = re.compile(r"\+?[0-9]{1,4}(?:-?[0-9]{2,}){0,4}")  # country - area - number - extension (003 §3.1.4)
ORG_CODE = re.compile(r"[0-9A-Z]{8}[0-9X]")
OLD_REGISTRATION = re.compile(r"[0-9]{15}")
BLANKS = re.compile(r"[\s\-\u00ad\u200b\ufeff]+")


class Document(NamedTuple):
    """What a kind of certificate is called, and which characters its numbers have."""

    name: str
    pattern: re.Pattern[str]


def _letters_and_digits(length_min: int, length_max: int) -> re.Pattern[str]:
    return re.compile(rf"[0-9A-Z]{{{length_min},{length_max}}}")


_SOLDIER = re.compile(r"[0-9A-Z\u4e00-\u9fff()]{6,20}")  # 军官证 and its like may begin with 军字第

# The certificates of 003 §3.1.1 beside the identity card: length and characters only.
DOCUMENTS = {
    "11": Document("户口簿", _letters_and_digits(6, 18)),
    "12": Document("护照", _letters_and_digits(5, 17)),
    "13": Document("军官证", _SOLDIER),
    "14": Document("士兵证", _SOLDIER),
    "15": Document("香港居民身份证", re.compile(r"[A-Z]{1,2}[0-9]{6}\(?[0-9A]\)?")),
    "16": Document("澳门居民身份证", re.compile(r"[0-9]{7}\(?[0-9]\)?")),
    "17": Document("台胞身份证", re.compile(r"[A-Z][0-9A-D][0-9]{8}")),
    "18": Document("香港回乡证", re.compile(r"H[0-9]{8}(?:[0-9]{2})?")),
    "19": Document("澳门回乡证", re.compile(r"M[0-9]{8}(?:[0-9]{2})?")),
    "20": Document("台湾同胞来往内地通行证", re.compile(r"[0-9]{8}|[0-9]{10}[A-Z]?")),
    "21": Document("临时身份证", IDENTITY_18),
    "22": Document("外国人居留证", _letters_and_digits(8, 18)),
    "23": Document("警官证", _SOLDIER),
    "99": Document("其它", re.compile(r"[0-9A-Z\u4e00-\u9fff()/]{3,40}")),
}


class Identity(Struct, frozen=True, kw_only=True):
    """What an 18-digit identity number says. `faults` make it wrong; `warnings` are only worth a second look."""

    number: str
    sort: str = "resident"  # resident · hk_permit · macao_permit · taiwan_permit · foreigner
    born_on: date | None = None
    gender: str = ""  # M · F, as customers have it
    faults: tuple[str, ...] = ()  # length · check_digit · birth_date · future · age
    warnings: tuple[str, ...] = ()  # division

    @property
    def is_valid(self) -> bool:
        """Say whether nothing is wrong with it."""
        return not self.faults


def normalise_number(text: str) -> str:
    """Return a number in the spelling that is compared: half-width, upper-case, without blanks and hyphens."""
    return BLANKS.sub("", normalize("NFKC", text)).upper()


def matching_number(text: str) -> str:
    """Return the number that stands for its holder: an old one of 15 digits as the 18 that followed it."""
    number = normalise_number(text)
    return widen_identity(number) if IDENTITY_15.fullmatch(number) else number


def widen_identity(number: str) -> str:
    """Return the 18 digits of a 15-digit number, for matching only: such cards are no longer valid."""
    longer = f"{number[:6]}19{number[6:]}"
    return longer + check_digit(longer)


def check_digit(digits: str) -> str:
    """Return the check character of 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=True)) % 11]


def read_identity(text: str, today: date) -> Identity:
    """Return what an identity number says and what is wrong with it (domain-rules.md §11).

    The division code is only a warning: codes came and went, and people keep the number that they were born with.
    """
    number = normalise_number(text)
    if not IDENTITY_18.fullmatch(number):
        return Identity(number=number, faults=("length",))
    born_on = _birth_date(number)
    wrong = "" if check_digit(number[:17]) == number[17] else "check_digit"
    return Identity(
        number=number,
        sort=_sort_of(number),
        born_on=born_on,
        gender="M" if int(number[16]) % 2 else "F",
        faults=tuple(filter(None, (wrong, *_faults_of_birth(born_on, today)))),
        warnings=() if number[0] == FOREIGNER or number[:2] in PROVINCES else ("division",),
    )


def is_document_number(type: str, text: str, today: date) -> bool:
    """Say whether a number can be one of this type of certificate (003 §3.1.1); an unknown type is any other."""
    number = normalise_number(text)
    if type == IDENTITY_CARD:
        return read_identity(number, today).is_valid
    document = DOCUMENTS.get(type, DOCUMENTS["99"])
    return len(number) <= NUMBER_LENGTH_MAX and document.pattern.fullmatch(number) is not None


def is_credit_code(text: str) -> bool:
    """Say whether this is a unified social credit code of 18 characters (GB 32100)."""
    return bool(uscc.is_valid(normalise_number(text)))


def is_company_number(text: str) -> bool:
    """Say whether this names a company: a credit code, or one of the numbers before it that are still in the data."""
    number = normalise_number(text)
    return is_credit_code(number) or bool(OLD_REGISTRATION.fullmatch(number) or ORG_CODE.fullmatch(number))


def is_mobile(text: str) -> bool:
    """Say whether this is a mobile number of the mainland."""
    return MOBILE.fullmatch(normalise_number(text)) is not None


def is_phone(text: str) -> bool:
    """Say whether somebody can be called under this: a mobile, or a landline in the free form of 003 §3.1.4."""
    spoken = re.sub(r"\s+", "", normalize("NFKC", text))
    return is_mobile(text) or (len(spoken) <= LANDLINE_LENGTH_MAX and LANDLINE.fullmatch(spoken) is not None)


def _sort_of(number: str) -> str:
    return "foreigner" if number[0] == FOREIGNER else RESIDENCE.get(number[:2], "resident")


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _faults_of_birth(born_on: date | None, today: date) -> Iterator[str]:
    if born_on is None:
        yield "birth_date"
    elif born_on > today:
        yield "future"
    elif _age(born_on, today) > AGE_MAX:
        yield "age"


def _age(born_on: date, today: date) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
