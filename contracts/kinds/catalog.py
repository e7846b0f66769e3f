"""The catalog: organisations, products and form templates, read-only on tablets."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from contracts.base import BusinessDate, OrgId
from contracts.policy import Merge, Record


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


class FormTemplate(Record, frozen=True, kw_only=True):
    """One version of a pre-filled form: its fields in order, each a small declaration."""

    kind: ClassVar[str] = "form_template"

    code: Annotated[str, Merge.SERVER, Meta(max_length=40)]
    template_version: Annotated[int, Merge.SERVER, Meta(ge=1)]
    title: Annotated[str, Merge.SERVER, Meta(max_length=100)]
    fields: Annotated[list[dict[str, Any]], Merge.SERVER, Meta(max_length=150)] = []
    is_active: Annotated[bool, Merge.SERVER] = True
