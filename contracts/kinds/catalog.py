"""The catalog: organisations, products and form templates, read-only on tablets."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from contracts.base import BusinessDate, OrgId, RecordId
from contracts.kinds.template import LISTS_MAX, PAPERS_MAX, Paper, TemplateField, TemplateList
from contracts.policy import Merge, Record

Words = Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=30)]


class Org(Record, frozen=True, kw_only=True):
    """An institution of the bank: union, member bank, branch."""

    kind: ClassVar[str] = "org"

    org_id: Annotated[OrgId, Merge.SERVER]
    name: Annotated[str, Merge.SERVER, Meta(max_length=100)]
    level: Annotated[str, Merge.SERVER, Meta(max_length=10)]  # union · bank · branch
    parent: Annotated[OrgId | None, Merge.SERVER] = None
    lat: Annotated[float | None, Merge.SERVER] = None
    lon: Annotated[float | None, Merge.SERVER] = None


class Product(Record, frozen=True, kw_only=True):
    """Something the bank offers."""

    kind: ClassVar[str] = "product"

    code: Annotated[str, Merge.SERVER, Meta(max_length=20)]
    name: Annotated[str, Merge.SERVER, Meta(max_length=100)]
    family: Annotated[str, Merge.SERVER, Meta(max_length=20)]  # deposit · loan · card · wealth · insurance · channel
    risk: Annotated[int, Merge.SERVER, Meta(ge=0, le=5)] = 0  # 0 none, else R1–R5
    on_sale_from: Annotated[BusinessDate | None, Merge.SERVER] = None
    on_sale_to: Annotated[BusinessDate | None, Merge.SERVER] = None
    pitch: Annotated[str, Merge.SERVER, Meta(max_length=1000)] = ""
    sold_at: Annotated[frozenset[OrgId], Merge.SERVER] = frozenset()  # empty: everywhere; else these and all below them
    age_min: Annotated[int, Merge.SERVER, Meta(ge=0, le=150)] = 0
    age_max: Annotated[int, Merge.SERVER, Meta(ge=0, le=150)] = 150
    is_repeatable: Annotated[bool, Merge.SERVER] = False  # may be held more than once
    is_marketed: Annotated[bool, Merge.SERVER] = True  # false: sold when asked for, never recommended
    talk_min: Annotated[int, Merge.SERVER, Meta(ge=0, le=600)] = 5  # minutes that an offer takes
    labels: Annotated[Words, Merge.SERVER] = []  # whom it suits
    beside: Annotated[Words, Merge.SERVER] = []  # held families
    after: Annotated[Words, Merge.SERVER] = []  # reminder sorts


class FormTemplate(Record, frozen=True, kw_only=True):
    """One version of a pre-filled form: its fields in order, each a small declaration.

    A further version is a record of its own: forms of an older one stay what they are, and valid.
    """

    kind: ClassVar[str] = "form_template"

    code: Annotated[str, Merge.SERVER, Meta(max_length=40)]
    template_version: Annotated[int, Merge.SERVER, Meta(ge=1)]
    title: Annotated[str, Merge.SERVER, Meta(max_length=100)]
    fields: Annotated[list[TemplateField], Merge.SERVER, Meta(max_length=150)] = []
    lists: Annotated[list[TemplateList], Merge.SERVER, Meta(max_length=LISTS_MAX)] = []
    papers: Annotated[list[Paper], Merge.SERVER, Meta(max_length=PAPERS_MAX)] = []
    saves_min: Annotated[int, Merge.SERVER, Meta(ge=0, le=240)] = 0  # minutes that it spares the counter
    is_active: Annotated[bool, Merge.SERVER] = True  # false: no new form is begun with it


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer may say to a question, where the talk goes on, and what that makes of the contact."""

    text: Annotated[str, Meta(max_length=200)]
    next: Annotated[str, Meta(max_length=20)] = ""  # a step's key; empty: the talk ends here
    stage: Annotated[str, Meta(max_length=12)] = ""  # of the contact that is noted then


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a talk: what to say, then what to ask. A talk begins with its script's first step."""

    key: Annotated[str, Meta(min_length=1, max_length=20)]
    say: Annotated[str, Meta(max_length=500)] = ""
    ask: Annotated[str, Meta(max_length=300)] = ""
    answers: Annotated[list[Answer], Meta(max_length=10)] = []


class Script(Record, frozen=True, kw_only=True):
    """A talking-point script: what to say, what to ask, where each answer leads (003-07)."""

    kind: ClassVar[str] = "script"

    code: Annotated[str, Merge.SERVER, Meta(max_length=40)]
    title: Annotated[str, Merge.SERVER, Meta(max_length=100)]
    products: Annotated[list[RecordId], Merge.SERVER, Meta(max_length=50)] = []  # a tablet finds it by what it offers
    steps: Annotated[list[Step], Merge.SERVER, Meta(max_length=50)] = []


class Choice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a code list."""

    code: Annotated[str, Meta(max_length=40)]
    name: Annotated[str, Meta(max_length=100)]
    is_active: bool = True
    members: Words = []  # the finer codes that it groups: sorts of reminders under their kind


class CodeList(Record, frozen=True, kw_only=True):
    """A list that a bank configures: potential labels, reminder kinds, query dimensions (001-06), codes of 003 §3.1."""

    kind: ClassVar[str] = "code_list"

    code: Annotated[str, Merge.SERVER, Meta(max_length=40)]
    title: Annotated[str, Merge.SERVER, Meta(max_length=100)]
    choices: Annotated[list[Choice], Merge.SERVER, Meta(max_length=500)] = []
