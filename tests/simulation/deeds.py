"""What people do on tablets: move tickets, fill forms together, log visits, share tasks, or let an app misbehave."""

from collections.abc import Callable
from random import Random
from typing import Any

from contracts.kinds.form import STATES as FORM_STATES
from contracts.kinds.ticket import STATES as TICKET_STATES
from contracts.policy import Op
from sync.store import NumberKey
from sync.tablet.errors import NumbersExhausted
from sync.tablet.overlay import View
from tests.simulation.device import Device
from tests.simulation.people import LOBBY

SERIES = "A"
TEMPLATE = "01950000-0000-7000-8000-000000000001"
TAGS = ("vip", "deaf", "urgent", "returns", "foreign")
WORDS = ("brings papers", "calls back", "wants a loan", "speaks Minnan", "complains")
PEOPLE = ("L1", "L2", "L3", "F1", "F2", "B1")
Deed = Callable[[Device], str | None]  # None: there was nothing to do it with


def pick(random: Random, views: list[View]) -> View | None:
    """Return one of the newer records, which others are likely to work on as well."""
    return random.choice(views[-3:]) if views else None


# --- tickets


def issue_ticket(device: Device) -> str | None:
    """Hand a customer the next number."""
    if LOBBY not in device.person.roles:
        return None
    random, date, branch = device.random, device.server.clock.business_date, device.person.org_id
    with device.typing("ticket", Op.CREATE) as name:
        try:
            view = _issue(device, branch, date, name, priority=random.randint(0, 3))
        except NumbersExhausted:
            return None
        key = NumberKey(branch, SERIES, date, view.body.get("overflow") or "", view.body["number"])
        device.ledger.note_number(key, name)
        return f"{name} ticket {view.id[-6:]} number {key.overflow}{key.number}"


def _issue(device: Device, branch: str, date: str, name: str, **fields: Any) -> View:
    tablet = device.tablet
    made = tablet.issue_ticket(branch, SERIES, date, **fields)
    # The tablet gives tickets no reason; the simulation needs a name on each mutation.
    device.name_newest(name, made)
    return made


def move_ticket(device: Device, view: View | None = None) -> str | None:
    """Call, serve, skip, finish … whatever the screen offers, and sometimes what it does not."""
    view = view or pick(device.random, device.tablet.find("ticket"))
    if view is None:
        return None
    to = device.random.choice((*TICKET_STATES, *["called", "serving", "held", "finished", "skipped"] * 4))
    with device.typing("ticket", Op.TRANSITION) as name:
        made = device.tablet.transition("ticket", view.id, to, {"counter": device.random.choice("123")}, reason=name)
        return f"{device.made(name, made)} -> {to}"


def edit_ticket(device: Device, view: View | None = None) -> str | None:
    """Note something on a ticket."""
    view = view or pick(device.random, device.tablet.find("ticket"))
    if view is None:
        return None
    random = device.random
    choices: list[dict[str, Any]] = [
        {"priority": random.randint(0, 9)},
        {"note": _more(random, view.body.get("note", ""))},
        {"service": random.choice(("cash", "loan", "card"))},
    ]
    return device.patch(view, random.choice(choices))


# --- forms


def create_form(device: Device) -> str | None:
    """Begin a form; not every role may, and not for every branch."""
    random = device.random
    if LOBBY not in device.person.roles and random.random() < 0.9:
        return None
    branch = device.person.org_id if random.random() < 0.9 else "3502"
    set = {"branch_id": branch, "template_id": TEMPLATE, "phone": "13800000000", "copies": random.randint(1, 3)}
    with device.typing("form", Op.CREATE) as name:
        return device.made(name, device.tablet.create("form", set, reason=name))


def edit_form(device: Device, view: View | None = None) -> str | None:
    """Change some fields of a form, each with its own merge policy."""
    view = view or pick(device.random, device.tablet.find("form"))
    if view is None:
        return None
    random, body = device.random, view.body
    choices: dict[str, Any] = {
        "phone": f"139{random.randint(0, 99_999_999):08d}",
        "name": random.choice(("Chen", "Lin", "Huang", "")),
        "best_time": random.choice(("morning", "evening", None)),
        "tags": sorted({*body.get("tags", ()), random.choice(TAGS)}),
        "remark": _more(random, body.get("remark", "")),
        "amount_fen": random.randint(1, 10**9),
        "copies": random.randint(0, 99),
        "values.city": random.choice(("Fuzhou", "Xiamen", "Putian")),
        "values.income": random.randint(1, 10**6),
    }
    names = random.sample(sorted(choices), random.randint(1, 5))
    return device.patch(view, {name: choices[name] for name in names})


def move_form(device: Device, view: View | None = None) -> str | None:
    """Move a form along its life."""
    view = view or pick(device.random, device.tablet.find("form"))
    if view is None:
        return None
    to = device.random.choice(FORM_STATES)
    with device.typing("form", Op.TRANSITION) as name:
        return f"{device.made(name, device.tablet.transition('form', view.id, to, reason=name))} -> {to}"


def delete_something(device: Device) -> str | None:
    """Delete a form or a task."""
    kind = device.random.choice(("form", "task"))
    view = pick(device.random, device.tablet.find(kind))
    if view is None:
        return None
    device.watch.forget_written(kind, view.id)
    with device.typing(kind, Op.DELETE) as name:
        return device.made(name, device.tablet.delete(kind, view.id, reason=name))


# --- tasks


def create_task(device: Device) -> str | None:
    """Give somebody something to do."""
    random = device.random
    set: dict[str, Any] = {"title": random.choice(WORDS), "org_id": "3501", "assignee": random.choice(PEOPLE)}
    customers = device.tablet.find("customer")
    if customers and random.random() < 0.3:
        set["customer_id"] = random.choice(customers).id
    with device.typing("task", Op.CREATE) as name:
        return device.made(name, device.tablet.create("task", set, reason=name))


def edit_task(device: Device, view: View | None = None) -> str | None:
    """Change some fields of a task, the assignee among them."""
    view = view or pick(device.random, device.tablet.find("task"))
    if view is None:
        return None
    random, body = device.random, view.body
    choices: dict[str, Any] = {
        "title": f"{random.choice(WORDS)} {random.randint(1, 9)}",
        "detail": _more(random, body.get("detail", "")),
        "due_on": f"2025-03-{random.randint(10, 28)}",
        "priority": random.randint(0, 9),
        "tags": sorted({*body.get("tags", ()), random.choice(TAGS)}),
        "is_done": random.random() < 0.5,
        "estimate_min": random.randint(5, 90),
        "result": random.choice(WORDS),
        "assignee": random.choice(PEOPLE),
    }
    names = random.sample(sorted(choices), random.randint(1, 5))
    return device.patch(view, {name: choices[name] for name in names})


# --- customers and visits


def log_visit(device: Device) -> str | None:
    """Write up a visit at a customer's, signed and chained; sometimes as a correction of an earlier one."""
    random = device.random
    customer = pick(random, device.tablet.find("customer"))
    if customer is None:
        return None
    set = {
        "customer_id": customer.id, "purpose": "post-loan check", "content": random.choice(WORDS),
        "started_at": device.clock.read().wall,
    }  # fmt: skip
    earlier = device.tablet.find("visit")
    if earlier and random.random() < 0.2:
        set["amends"] = random.choice(earlier).id
    with device.typing("visit", Op.APPEND) as name:
        return device.made(name, device.tablet.append("visit", set, reason=name))


def propose_change(device: Device) -> str | None:
    """Ask the CRM for another phone number or address."""
    customer = pick(device.random, device.tablet.find("customer"))
    if customer is None:
        return None
    set = device.random.choice(({"phone": f"137{device.random.randint(0, 9)}"}, {"home_address": "8 Wuyi Road"}))
    with device.typing("customer", Op.PROPOSE) as name:
        return device.made(name, device.tablet.propose("customer", customer.id, set, reason=name))


def withdraw_request(device: Device) -> str | None:
    """Take back a proposal."""
    request = pick(device.random, device.tablet.find("request"))
    if request is None:
        return None
    with device.typing("request", Op.TRANSITION) as name:
        return device.made(name, device.tablet.transition("request", request.id, "withdrawn", reason=name))


# --- a defective app


def misbehave(device: Device) -> str | None:
    """Write something into the outbox that a sound app would refuse, or go on with what was refused."""
    random, new_id = device.random, device.server.new_id()
    form = pick(random, device.tablet.find("form"))
    base: dict[str, Any] = {"branch_id": device.person.org_id, "template_id": TEMPLATE}
    number = {"series": SERIES, "business_date": device.server.clock.business_date, "number": random.randint(1, 5)}
    ticket = {"branch_id": device.person.org_id, "issued_at": device.clock.read().wall, **number}
    choices: list[tuple[str, str, Op, dict[str, Any]]] = [
        ("spell", new_id, Op.CREATE, {"power": 3}),
        ("form", new_id, Op.APPEND, base),
        ("form", new_id, Op.CREATE, base | {"copies": 1000}),
        ("form", new_id, Op.CREATE, base | {"author": "L9"}),
        ("form", new_id, Op.CREATE, base | {"values": {"password": "123456"}}),
        ("form", new_id, Op.CREATE, base | {"branch_id": "3999"}),
        ("ticket", new_id, Op.CREATE, ticket),
    ]
    if form is not None:
        choices += [
            ("form", form.id, Op.CREATE, base | {"phone": "another"}),
            ("form", form.id, Op.CREATE, {}),
            ("form", form.id, Op.PATCH, {"state": "accepted"}),
            ("form", form.id, Op.PATCH, {"spell": 1}),
            ("form", form.id, Op.PATCH, {"phone": "1" * 40}),
            ("form", form.id, Op.TRANSITION, {"to": "lost"}),
        ]
    return device.type_raw(*random.choice(choices))


def return_to_the_dead(device: Device) -> str | None:
    """Change or begin again a record that is deleted, parked or out of sight."""
    typed = [(one.kind, one.id) for one in device.ledger.typed.values() if one.kind in ("form", "task")]
    if not typed:
        return None
    kind, id = device.random.choice(typed)
    if device.random.random() < 0.5:
        return device.type_raw(kind, id, Op.PATCH, {"tags": ["vip"]})
    base = {"branch_id": device.person.org_id, "template_id": TEMPLATE}
    task = {"title": "again", "org_id": "3501", "assignee": device.person.staff_no}
    return device.type_raw(kind, id, Op.CREATE, base if kind == "form" else task)


def forge_visit(device: Device) -> str | None:
    """Sign a visit with another key, or chain it to something that never was."""
    database, random = device.database, device.random
    if not device.tablet.find("customer"):
        return None
    if random.random() < 0.5:
        database.execute("UPDATE install SET chain_head = ?", (f"{random.getrandbits(256):064x}",))
        return log_visit(device)
    told = log_visit(device)
    n, wire = database.execute("SELECT n, wire FROM mutation ORDER BY n DESC LIMIT 1").fetchone()
    database.execute("UPDATE mutation SET wire = ? WHERE n = ?", (wire.replace("post-loan", "pre-loan"), n))
    return f"{told} forged"


def _more(random: Random, text: str) -> str:
    return f"{text}\n{random.choice(WORDS)} {random.randint(1, 99)}".strip()


# What two people do to one record at the same time.
ON_ONE: dict[str, tuple[Callable[[Device, View], str | None], ...]] = {
    "ticket": (move_ticket, edit_ticket), "form": (edit_form, edit_form, move_form), "task": (edit_task,),
}  # fmt: skip
# What several people do to one record at the same time so that no order of arrival may make a difference.
AIMS = {"ticket": ("move", "priority"), "form": ("move", "copies", "tags"), "task": ("due_on", "priority", "tags")}


def aim_at(device: Device, view: View, aim: str) -> str | None:
    """Move a record's state, or set one field whose values merge in any order."""
    random = device.random
    if aim == "move":
        return move_ticket(device, view) if view.kind == "ticket" else move_form(device, view)
    if aim == "tags":
        return device.patch(view, {"tags": sorted({*view.body.get("tags", ()), random.choice(TAGS)})})
    return device.patch(view, {aim: f"2025-03-{random.randint(10, 28)}" if aim == "due_on" else random.randint(0, 9)})


DEEDS: dict[Deed, int] = {
    issue_ticket: 12, move_ticket: 12, edit_ticket: 4,
    create_form: 7, edit_form: 20, move_form: 3, delete_something: 5,
    create_task: 5, edit_task: 9,
    log_visit: 8, propose_change: 4, withdraw_request: 2,
    misbehave: 3, return_to_the_dead: 4, forge_visit: 1,
}  # fmt: skip
