"""What came of what was offered, as tables to save."""

from collections.abc import Callable, Mapping
from functools import partial

from litestar.response.base import ASGIResponse

from backend.web.bodies import answer_with
from backend.web.sheets import Cell, Sheet, export
from contracts.marketing import Effect, EffectPage

# Column, its heading, what it means.
MEANINGS = (
    ("org_id", "机构", "联系客户的机构"),
    ("product_name", "产品", "产品名称"),
    ("recommended", "推荐次数", "向客户推荐该产品的联系次数"),
    ("interested", "有意向次数", "客户表示有意向的联系次数"),
    ("reserved", "预约次数", "客户预约办理的联系次数"),
    ("referred", "转介次数", "转给他人跟进的联系次数"),
    ("done", "办成次数", "产品办成的联系次数"),
    ("refused", "拒绝次数", "客户拒绝的联系次数"),
    ("customers_recommended", "推荐客户数", "被推荐过该产品的客户数，同一客户只计一次"),
    ("customers_done", "办成客户数", "办成该产品的客户数，同一客户只计一次"),
    ("conversion", "转化率", "办成客户数 ÷ 推荐客户数；无人被推荐则为空"),
    ("unwelcome", "违愿推荐次数", "客户已拒绝营销后仍被推荐的次数（个人信息保护法第二十四条）"),
)


def sheets_of(page: EffectPage) -> list[Sheet]:
    """Return the effects as a table, and one that says between which days and what the columns mean."""
    facts: list[tuple[str, Cell]] = [("起始日", page.since), ("截止日", page.until)]
    meanings = [(title, text) for _, title, text in MEANINGS]
    return [
        Sheet(name="营销成效", headings=[title for _, title, _ in MEANINGS], rows=[_row(one) for one in page.items]),
        Sheet(name="指标说明", headings=["指标", "说明"], rows=[*facts, *meanings]),
    ]


def _row(effect: Effect) -> list[Cell]:
    return [getattr(effect, name) for name, _, _ in MEANINGS]


def _file(format: str, page: EffectPage) -> ASGIResponse:
    return export(f"effects-{page.since}-{page.until}", format, sheets_of(page))


FORMATS: Mapping[str, Callable[[EffectPage], ASGIResponse]] = {
    "json": answer_with,
    "csv": partial(_file, "csv"),
    "xlsx": partial(_file, "xlsx"),
}
