"""What became of the month, as a supervisor reads it over the API, and a manager on the own tablet."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from backend.demo.day.crew import Desk
from backend.demo.day.tale import Tale
from backend.demo.month.rounds import Rounds
from backend.demo.month.stories import DEBTOR_OF, HANDED_OVER, MONTH, Stories
from backend.demo.month.watch import day_name
from backend.domain.customers.rules.masking import mask_name
from backend.identity import BANK_TIME
from contracts.base import Body
from sync.moments import read_moment

PAGE = 500
GRADES = "ABCD"
COUNTS = ("duties", "required", "fulfilled", "done", "paid", "owed", "pending_review", "short", "exempt")
CLOSED_AT = 2  # the revision of the final close
POSITIONS = {
    "INSIDE": "inside the radius", "OUTSIDE": "outside of every place", "UNCERTAIN": "the accuracy leaves it open",
    "POOR_FIX": "the fixes are less accurate than 200 m", "NO_REFERENCE": "no place is known",
    "NO_FIX": "there is no fix",
}  # fmt: skip


class Shown(Struct, frozen=True, kw_only=True):
    """The month in figures."""

    duties: int
    rate: float
    share_done: float
    revisions: int
    late_visits: int
    decisions: int


def tell_month(tale: Tale, desks: Mapping[str, Desk], managers: Mapping[str, Rounds], stories: Stories) -> Shown:
    """Tell the month's figures, the odd visits, the hand-over, the settled loan and what changed after the close."""
    desk = desks["S35"]
    report = desk.get(f"/compliance/months/{MONTH}/report?level=manager&limit={PAGE}")
    duties = list_pages(desk, f"/compliance/months/{MONTH}/obligations")
    revisions = list_pages(desk, f"/compliance/months/{MONTH}/revisions")
    names = {view.id: view.body["name"] for one in managers.values() for view in one.worker.tablet.find("customer")}
    tale.title(f"{MONTH} as S35 reads it: {report['state']}, revision {report['revision']}")
    tale.lines(list(_figure_lines(report, managers)))
    tale.title("The odd visits: what they were graded, and what their authors read")
    tale.lines(list(_odd_lines(managers)))
    tale.title(f"What the hand-over of {HANDED_OVER} split")
    tale.lines(list(_split_lines(duties, names)))
    tale.title("What the settled loan changed")
    tale.lines(list(_settled_lines(duties, stories)))
    tale.title("What changed in the closed month")
    tale.lines(list(_revision_lines(desk, revisions, names, report, managers)))
    (total,) = report["total"]
    late = [one for one in revisions if one["cause"] == "late_visit"]
    steps = [step for _, _, body in graded(managers.values()) for step in body.get("steps", ())]
    return Shown(
        duties=total["duties"], rate=total["rate"], share_done=total["share_done"], revisions=report["revision"],
        late_visits=sum(len(one["reason"].split(", ")) for one in late),
        decisions=sum(step["deed"] in ("accept", "reject") for step in steps),
    )  # fmt: skip


def list_pages(desk: Desk, path: str) -> list[Body]:
    """Return all items of a paged answer."""
    items: list[Body] = []
    after: Any = None
    while True:
        page = desk.get(f"{path}?limit={PAGE}" + (f"&after={after}" if after is not None else ""))
        items += page["items"]
        after = page.get("next")
        if after is None:
            return items


def graded(managers: Iterable[Rounds]) -> Iterator[tuple[Rounds, str, Body]]:
    """Yield the manager, the visit's id and its grade for every visit, in the order of their days."""
    found = [(one, view.id, view.body) for one in managers for view in one.worker.tablet.find("visit_grade")]
    return iter(sorted(found, key=lambda each: (each[2]["at"], each[1])))


def hour_of(moment: datetime) -> str:
    """Return a moment as the tale writes it: 09 Oct 08:40."""
    told = moment.astimezone(BANK_TIME)
    return f"{day_name(told.date())} {told:%H:%M}"


def _figure_lines(report: Body, managers: Mapping[str, Rounds]) -> Iterator[str]:
    grades = {name: Counter[str]() for name in managers}
    for one, _, body in graded(managers.values()):
        grades[one.name][body["grade"]] += 1
    yield "manager     duties  required  counted    rate    done  of the own  review  short  exempt    A    B    C    D"
    rows = Counter[tuple[str, str]]()
    for row in report["items"]:
        rows.update({(row["owner"] or "(nobody)", name): row[name] for name in COUNTS})
    for name in sorted({name for name, _ in rows}):
        yield _figure_line(name, {count: rows[name, count] for count in COUNTS}, grades.get(name, Counter()))
    yield _figure_line("all", report["total"][0], sum(grades.values(), Counter()))


def _figure_line(name: str, row: Mapping[str, int], grades: Counter[str]) -> str:
    counts = "".join(f"{grades[grade]:5d}" for grade in GRADES)
    rate, done = _share(row["fulfilled"], row["required"]), _share(row["done"], row["duties"])
    return (
        f"{name:<11}{row['duties']:7d}{row['required']:10d}{row['fulfilled']:9d}{rate:>8}{done:>8}"
        f"{row['paid']:6d} of {row['owed']:<3d}{row['pending_review']:6d}{row['short']:7d}{row['exempt']:8d}{counts}"
    )


def _odd_lines(managers: Mapping[str, Rounds]) -> Iterator[str]:
    for one, id, body in graded(managers.values()):
        oddity = one.odd.get(id)
        if body["grade"] in "AB" and (oddity is None or not oddity.told):
            continue
        at = read_moment(body["at"])
        assert at is not None
        probability = "" if body.get("probability") is None else f" (probability {body['probability']:.2f})"
        what = oddity.told if oddity else "nobody meant this one"
        yield f"{hour_of(at)}  {one.name}  {body['grade']} {body['review_state']:<9} {what}"
        verdict = body["verdict"]
        yield f"    {verdict}{probability}: {POSITIONS[verdict]}"
        yield from (f"    {flag['code']}: {flag['en']}" for flag in body.get("flags", ()))
        yield from (f"    {step['by']}: {step['deed']}, {step['text']}" for step in body.get("steps", ()))


def _split_lines(duties: Sequence[Body], names: Mapping[str, str]) -> Iterator[str]:
    split = [one for one in duties if len(one["shares"]) > 1]
    owed, paid = Counter[str](), Counter[str]()
    for one in split:
        owners = {visit["day"]: _owner_on(one, visit["day"]) for visit in one["visits"]}
        made = Counter(owners[visit["day"]] for visit in one["visits"] if visit["verdict"] == "counted")
        for share in one["shares"]:
            owed[share["owner"]] += share.get("required", 0)
            paid[share["owner"]] += min(share.get("required", 0), made[share["owner"]])
    yield f"{len(split)} duties, each still one: visits are split by eligible working days"
    for owner, count in owed.items():
        yield f"    {owner} owes {count}, {paid[owner]} done on the own days"
    if split:
        one = split[0]
        parts = " + ".join(f"{share['owner']} {share['workdays']} days: {share['required']}" for share in one["shares"])
        yield f"    such as {_name(names, one)}: {one['required']} visits = {parts}; counted once, for {one['owner']}"


def _settled_lines(duties: Sequence[Body], stories: Stories) -> Iterator[str]:
    assert stories.settled is not None, "the loan was settled"
    before, after = stories.settled
    yield f"{DEBTOR_OF}: {before['required']} visits asked before, {before['counted']} made, {before['status']}"
    kept = next(one for one in duties if one["customer_id"] == stories.debtor)
    days = f"{kept['eligible_workdays']} of {kept['workdays']} working days"
    yield f"    the loan ran on {days}: {after['required']} asked, {after['status']}; at the close {kept['status']}"


def _revision_lines(
    desk: Desk, revisions: Sequence[Body], names: Mapping[str, str], report: Body, managers: Mapping[str, Rounds]
) -> Iterator[str]:
    visits = {id: body for _, id, body in graded(managers.values())}
    for one in revisions:
        at = read_moment(one["made_at"])
        assert at is not None
        yield f"revision {one['revision']}  {hour_of(at)}  {one['cause']}: {_reason(one, visits)}"
        if one["revision"] > CLOSED_AT:
            changes = list_pages(desk, f"/compliance/months/{MONTH}/revisions/{one['revision']}/changes")
            yield from (f"    {_change_line(change, names)}" for change in changes)
    closed = desk.get(f"/compliance/months/{MONTH}/report?level=bank&limit={PAGE}&revision={CLOSED_AT}")
    before, after = closed["total"][0], report["total"][0]
    yield (
        f"the rate was {_percent(before['rate'])} at the close and is {_percent(after['rate'])} now; "
        f"done {before['done']} → {after['done']} of {after['duties']}"
    )


def _reason(revision: Body, visits: Mapping[str, Body]) -> str:
    """Return why a month's numbers changed; a revision names the visits that changed them."""
    named = [visits[id] for id in revision["reason"].split(", ") if id in visits]
    told = ", ".join(f"{one['author']}'s of {one['local_date'][5:]}" for one in named)
    if revision["cause"] == "late_visit":
        return f"{told} arrived after the close"
    if revision["cause"] == "review":
        steps = [step for one in named for step in one["steps"] if step["at"] <= revision["made_at"]]
        return f"{told}: {steps[-1]['deed']} by {steps[-1]['by']}" if steps else told
    return "the timed close"


def _change_line(change: Body, names: Mapping[str, str]) -> str:
    before, after = change["before"], change["after"]
    told = f"{before['counted']} of {before['required']} {before['status']}"
    return f"{after['owner']}, {_name(names, after)}: {told} → {after['counted']} {after['status']}"


def _owner_on(duty: Body, day: str) -> str:
    return next((stint["staff_no"] for stint in duty["owners"] if stint["first"] <= day <= stint["last"]), "")


def _name(names: Mapping[str, str], duty: Body) -> str:
    return mask_name(names.get(duty["customer_id"], "?"))


def _share(part: int, whole: int) -> str:
    return _percent(part / whole if whole else None)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
