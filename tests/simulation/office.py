"""The bank behind the tablets: the CRM's imports, administrators who move people, supervisors who decide reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.review import Decision, DecisionRequest
from sync.errors import SyncError
from sync.kind import Actor, Area
from sync.moments import write_moment
from sync.puts import Put
from sync.tablet.errors import LineFailed
from tests.simulation.people import BRANCHES, FIELD, LOBBY, PORTFOLIOS

if TYPE_CHECKING:
    from tests.simulation.world import World

CUSTOMERS = 6
FITTING = {  # what a supervisor mostly does with each sort of review
    "conflict": [Decision.OVERRIDE] * 6,
    "parked": [Decision.RETRY, Decision.EDIT] * 4,
    "flag": [Decision.KEEP],
}


def open_bank(world: World) -> None:
    """Write the catalog and the first customers, each with a holding."""
    puts = [
        Put(kind="org", id=world.new_id(), body={"org_id": org, "name": org, "level": "branch"}) for org in BRANCHES
    ]
    for number in range(CUSTOMERS):
        customer = customer_body(world, f"{10_000_000_000 + number}", PORTFOLIOS[number % len(PORTFOLIOS)])
        id = world.new_id()
        puts += [Put(kind="customer", id=id, body=customer), _holding(world, id, customer)]
    world.server.engine.put_records(puts, "crm")


def customer_body(world: World, customer_no: str, portfolio: str | None, **fields: Any) -> dict[str, Any]:
    """Return a customer as the CRM knows them."""
    return {
        "customer_no": customer_no, "name": "Lin", "host_org": "3501", "host_portfolio": portfolio,
        "phone": "13700000000", "crm_revision": 1, "as_of": write_moment(world.clock.now), **fields,
    }  # fmt: skip


def _holding(world: World, customer_id: str, customer: dict[str, Any]) -> Put:
    body = {
        "customer_id": customer_id, "product_id": world.new_id(), "org_id": "3501", "balance_fen": 5,
        "portfolios": [customer["host_portfolio"]], "crm_revision": 1, "as_of": customer["as_of"],
    }  # fmt: skip
    return Put(kind="holding", id=world.new_id(), body=body)


def the_crm_writes(world: World) -> str | None:
    """The CRM changes, moves, adds or deletes customers, and decides requests; now and then the server dies on it."""
    random, tables = world.random, world.server.tables()
    kinds = world.server.engine.kinds
    live = sorted((key for key, stored in tables.records.items() if stored.standing == "live"), key=str)
    customers = [key for key in live if key.kind == "customer"]
    if random.random() < 0.15:
        world.server.steps.arm(random.randint(0, 4))
    if random.random() < 0.1 or not customers:
        puts = [Put(kind="customer", id=world.new_id(), body=customer_body(world, "1", random.choice(PORTFOLIOS)))]
    else:
        key = random.choice(customers)
        body = kinds["customer"].read(tables.records[key].body)
        change = random.choice(
            (
                {"phone": f"136{random.randint(0, 99)}"},
                {"host_portfolio": random.choice((*PORTFOLIOS, None))},
                {"assist_portfolio": random.choice((*PORTFOLIOS, None)), "assist_org": "3502"},
            )
        )
        is_over = random.random() < 0.07
        puts = [Put(kind="customer", id=key.id, body=None if is_over else body | change | {"crm_revision": 2})]
    for key in live:
        if key.kind == "request" and random.random() < 0.3:
            body = kinds["request"].read(tables.records[key].body)
            puts.append(Put(kind="request", id=key.id, body=body | {"state": random.choice(("accepted", "rejected"))}))
    try:
        written = world.server.engine.put_records(puts, "crm")
    except LineFailed:
        return "crashed"
    return f"{len(written)} records"


def a_portfolio_moves(world: World) -> str | None:
    """A portfolio is given to a field manager, or taken away."""
    managers = [person for person in world.people.values() if FIELD in person.roles]
    person, portfolio = world.random.choice(managers), world.random.choice(PORTFOLIOS)
    at = write_moment(world.clock.now)
    if person.holds(portfolio):
        person.unassign(portfolio, at)
        world.counts["fault unassigned"] += 1
        return f"{portfolio} away from {person.staff_no}"
    person.assign(portfolio, at)
    world.counts["fault assigned"] += 1
    return f"{portfolio} to {person.staff_no}"


def somebody_is_transferred(world: World) -> str:
    """A lobby manager goes to another branch."""
    person = world.random.choice([person for person in world.people.values() if LOBBY in person.roles])
    person.org_id = next(branch for branch in BRANCHES if branch != person.org_id)
    world.counts["fault transferred"] += 1
    return f"{person.staff_no} to {person.org_id}"


def something_is_revoked(world: World) -> str | None:
    """A tablet is shut out, or a person; never the last two tablets."""
    if len(world.live_devices()) <= 2:
        return None
    device = world.random.choice(world.live_devices())
    if world.random.random() < 0.5 and sum(one.person is device.person for one in world.devices) == 1:
        device.person.is_revoked = True
    else:
        device.is_revoked = True
    world.counts["fault revoked"] += 1
    world.server.engine.order_purge(device.install_id)
    return device.person.staff_no


def a_supervisor_decides(world: World) -> str | None:
    """A supervisor, or the author, settles an open review in some way that the desk may refuse."""
    random, tables = world.random, world.server.tables()
    reviews = sorted((key for key in tables.records if key.kind == "review"), key=str)
    kind = world.server.engine.kinds["review"]
    bodies = {key: kind.read(tables.records[key].body) for key in reviews}
    still_open = [key for key in reviews if bodies[key]["state"] == "open"]
    if not still_open:
        return None
    disputes = [key for key in still_open if bodies[key]["sort"] == "conflict"]
    key = random.choice(disputes or still_open if random.random() < 0.85 else reviews)
    body, stored = bodies[key], tables.records[key]
    decision = random.choice([*list(Decision), *FITTING[body["sort"]]])
    set: dict[str, Any] = {}
    if decision is Decision.EDIT:
        set = random.choice(({"copies": 2}, {"phone": "1391"}, {"title": "edited"}, {"branch_id": "3501"}))
    request = DecisionRequest(
        decision=decision, version=stored.version + (random.random() < 0.07), set=set,
        reason=random.choice(("", "as agreed")),
    )  # fmt: skip
    is_author = random.random() < 0.3
    actor = _supervisor(world) if not is_author else world.people[body["author"]].actor(body["install_id"])
    if random.random() < 0.1:
        world.server.steps.arm(random.randint(0, 5))
    try:
        world.server.engine.decide_review(key.id, request, actor, area=_area(world))
    except SyncError as error:
        world.counts[f"code {error.code.code}"] += 1
        return f"{decision.value} of {body['cause']} refused: {error}"
    except LineFailed:
        return "crashed"
    world.counts[f"decision {decision.value}"] += 1
    return f"{decision.value} of {body['cause']} by {actor.staff_no}"


def _supervisor(world: World) -> Actor:
    return world.people["S1"].actor("01950000-0000-7000-8000-00000000aaaa")


def the_day_ends(world: World) -> str:
    """The branches close: tablets return what is left, the server closes the day's leases."""
    date = world.clock.business_date
    for device in world.devices:
        device.tablet.end_day(date)
        device.sync()
    closed = sum(world.server.engine.close_day(branch, date) for branch in BRANCHES)
    return f"{date}: {closed} leases closed by force"


def _area(world: World) -> Area:
    """Return the supervisor's area: everything that there is."""
    buckets = world.server.house.store.read(lambda snapshot: snapshot.bucket_names())
    return Area(orgs=frozenset(BRANCHES), buckets=frozenset(buckets))
