"""A month's figures added up to managers, branches or banks, and cut into pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from backend.domain.compliance.rules.figures import NONE, Figures
from contracts.compliance import FigureItem, Level

Banks = Mapping[str, str]  # institution → the bank that it belongs to
Row = tuple[str, str | None, str, Figures]  # institution, owner, code


def rows_of(
    found: Iterable[tuple[str, str, str, Figures]], level: Level, bank_of: Callable[[str], str]
) -> list[Row]:  # fmt: skip
    """Return figures by manager, by branch, or by bank, in order."""
    sums: dict[tuple[str, str | None, str], Figures] = {}
    for org_id, owner, code, figures in found:
        key = (bank_of(org_id) if level == "bank" else org_id, owner if level == "manager" else None, code)
        sums[key] = sums.get(key, NONE).plus(figures)
    return [(*key, sums[key]) for key in sorted(sums, key=lambda key: (key[0], key[1] or "", key[2]))]


def totals_of(rows: Iterable[Row], org_id: str) -> list[Row]:
    """Return the sum of each duty over all rows."""
    sums: dict[str, Figures] = {}
    for _, _, code, figures in rows:
        sums[code] = sums.get(code, NONE).plus(figures)
    return [(org_id, None, code, sums[code]) for code in sorted(sums)]


def page_of(rows: Sequence[Row], after: str | None, limit: int) -> tuple[list[Row], str | None]:
    """Return the rows after a place, and the place of the last one if there are more."""
    begun = [row for row in rows if after is None or place_of(row).split("~") > after.split("~")]
    shown = begun[:limit]
    return shown, place_of(shown[-1]) if len(begun) > limit else None


def place_of(row: Row) -> str:
    """Return where a row stands; its words, one by one, sort as rows do."""
    return f"{row[0]}~{row[1] or ''}~{row[2]}"


def item_of(row: Row, names: Mapping[str, str]) -> FigureItem:
    """Return a row as it is answered."""
    org_id, owner, code, figures = row
    return FigureItem(
        org_id=org_id, org_name=names.get(org_id, ""), owner=owner, code=code,
        **{name: getattr(figures, name) for name in Figures.__struct_fields__},
        rate=figures.rate, rate_owed=figures.rate_owed, share_done=figures.share_done,
    )  # fmt: skip
