"""What came of what was offered, as tables to save."""

from collections.abc import Callable, Mapping
from functools import partial

from litestar.response.base import ASGIResponse

from backend.web.bodies import answer_with
from backend.web.sheets import Cell, Look, Sheet, export
from contracts.marketing import EffectPage

# Column, its heading, what it means in Chinese and in English.
MEANINGS = (
    ("org_id", "机构", "联系客户的机构", "who spoke to the customers"),
    ("product_name", "产品", "产品名称", "the product"),
    ("recommended", "推荐次数", "向客户推荐该产品的联系次数", "contacts in which it was recommended"),
    ("interested", "有意向次数", "客户表示有意向的联系次数", "contacts in which the customer showed interest"),
    ("reserved", "预约次数", "客户预约办理的联系次数", "contacts in which it was reserved"),
    ("referred", "转介次数", "转给他人跟进的联系次数", "contacts that were passed on to somebody else"),
    ("done", "办成次数", "产品办成的联系次数", "contacts in which it was taken"),
    ("refused", "拒绝次数", "客户拒绝的联系次数", "contacts in which the customer said no"),
    ("customers_recommended", "推荐客户数", "被推荐过该产品的客户数，同一客户只计一次",
     "customers to whom it was recommended, each once"),
    ("customers_done", "办成客户数", "办成该产品的客户数，同一客户只计一次", "customers who took it, each once"),
    ("conversion", "转化率", "办成客户数 ÷ 推荐客户数；无人被推荐则为空",
     "customers_done / customers_recommended; empty if there is none"),
    ("unwelcome", "违愿推荐次数", "客户已拒绝营销后仍被推荐的次数（个人信息保护法第二十四条）",
     "recommendations to customers who had refused marketing (PIPL 24)"),
)  # fmt: skip
NAMES = tuple(name for name, *_ in MEANINGS)
TEXTS = frozenset({"org_id", "product_name"})
LOOKS = tuple(
    Look.PLAIN if name in TEXTS else Look.PERCENT if name == "conversion" else Look.NUMBER for name in NAMES
)  # fmt: skip


def csv_sheets(page: EffectPage) -> list[Sheet]:
    """Return the effects as the API tells them, under Chinese headings."""
    return [Sheet(name="effects", headings=[title for _, title, _, _ in MEANINGS], rows=_rows(page))]


def xlsx_sheets(page: EffectPage) -> list[Sheet]:
    """Return the effects under two-line headings, and between which days they are and what the columns mean."""
    headings = [f"{title}\n{name}" for name, title, _, _ in MEANINGS]
    facts: list[list[Cell]] = [["since", "起始日", page.since, None], ["until", "截止日", page.until, None]]
    meanings: list[list[Cell]] = [list(meaning) for meaning in MEANINGS]
    looks = (Look.PLAIN, Look.PLAIN, Look.LONG, Look.LONG)
    about = ("指标\nfigure", "名称\nname", "含义\nin Chinese", "含义\nin English")
    return [
        Sheet(name="营销成效 effects", headings=headings, rows=_rows(page), looks=LOOKS, fixed=len(TEXTS)),
        Sheet(name="说明 definitions", headings=about, rows=[*facts, *meanings], looks=looks),
    ]


def _rows(page: EffectPage) -> list[list[Cell]]:
    return [[getattr(effect, name) for name in NAMES] for effect in page.items]


def _file(format: str, sheets_of: Callable[[EffectPage], list[Sheet]], page: EffectPage) -> ASGIResponse:
    return export(f"effects-{page.since}-{page.until}", format, sheets_of(page))


FORMATS: Mapping[str, Callable[[EffectPage], ASGIResponse]] = {
    "json": answer_with,
    "csv": partial(_file, "csv", csv_sheets),
    "xlsx": partial(_file, "xlsx", xlsx_sheets),
}
