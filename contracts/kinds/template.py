"""The parts of a form's template, as data that tablets and the server read alike: fields, conditions, codes, papers."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

FieldKey = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}(?!\n)$")]
Label = Annotated[str, Meta(max_length=60)]
Code = Annotated[str, Meta(max_length=20)]

CODES_MAX = 200
LISTS_MAX = 40
PAPERS_MAX = 30

FieldType = Literal[
    "text", "number", "amount", "date", "choice", "flag", "phone", "email", "postcode", "address",
    "certificate", "uscc", "tail",
]  # fmt: skip


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Holds when another field has one of these values; with none named, when it is filled in at all."""

    key: FieldKey
    among: Annotated[list[bool | int | str], Meta(max_length=40)] = []


class ListCode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One code of a list, as requirements.md 003 §3.1 prints it; `also` are other spellings that mean it."""

    code: Code
    name: Annotated[str, Meta(max_length=60)]
    also: Annotated[list[Code], Meta(max_length=10)] = []


class TemplateList(Struct, frozen=True, kw_only=True):
    """A code list of this version of the template, so that a form keeps its meaning when the bank's lists go on."""

    name: FieldKey
    codes: Annotated[list[ListCode], Meta(max_length=CODES_MAX)]


class TemplateField(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a form.

    `amount` is whole Fen, `date` yyyy-mm-dd, `flag` true or false, `choice` a code of `code_list`, `tail` the last four
    characters of a number that is not kept in full. `prefill` is a path in the card, as `name` or `contact.phone`;
    `same_as` the field whose value stands as long as nobody typed another. `corrects` names the customer's field in the
    CRM for which a changed value becomes a proposal. `kind_key` names the field that says which sort a certificate is.
    A flag that `is_inverted` has 0 for yes and 1 for no in the bank's tables (003 §3.1.1), so it has for the teller.
    """

    key: FieldKey
    label: Label
    type: FieldType = "text"
    length_max: Annotated[int, Meta(ge=0, le=2000)] = 0  # 0: what the type allows
    least: int | None = None
    most: int | None = None
    code_list: FieldKey | None = None
    kind_key: FieldKey | None = None
    is_required: bool = False
    required_when: Condition | None = None
    shown_when: Condition | None = None
    must_be: bool | None = None  # of a flag without which there is no form: the customer agreed
    prefill: Annotated[str, Meta(max_length=60)] = ""
    same_as: FieldKey | None = None
    corrects: Annotated[str, Meta(max_length=40)] = ""
    privacy: Literal["C1", "C2"] = "C1"
    is_inverted: bool = False
    hint: Annotated[str, Meta(max_length=200)] = ""


class Paper(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A paper that the customer has to bring; without a condition, always."""

    code: FieldKey
    name: Label
    needed_when: Condition | None = None
