"""A lobby manager never receives a holding of another branch unless the own branch hosts the customer (001-11).

Random customers, moves, holdings, households, tickets and claims; every byte of every answer and log line is searched.
"""

from io import BytesIO
from itertools import count
from typing import Any, NamedTuple
from zipfile import ZipFile

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from structlog.testing import capture_logs

from backend.auth.partners import PartnerSort, add_partner
from backend.crm.embedded import drain_outbox
from backend.crm.events import CrmEvent
from backend.crm.inbound import apply_events
from backend.demo.queue_machine import QueueMachine
from backend.demo.teller_system import TellerSystem
from backend.domain.orgs.queries import OrgRow
from sync.moments import write_moment
from sync.puts import Put
from sync.store import Key
from tests.backend.auth.people import add_orgs
from tests.backend.doors.tablets import HttpTablet, new_id

BRANCHES = ("3501", "3502", "3601")
ORGS = (*BRANCHES, "35", "36")
DAY = "2026-11-21"
STATES = ("called", "serving", "held", "skipped", "returned", "transferred", "finished", "left")
NUMBERS = count(1)  # no two things in this file look alike
PEOPLE = st.integers(0, 2)
BRANCH = st.sampled_from(BRANCHES)
# Of each person the host and the assisting institution; of each branch who waits there first.
STANDING = st.lists(st.tuples(st.sampled_from(ORGS), st.none() | st.sampled_from(ORGS)), min_size=3, max_size=3)
FIRST = st.lists(PEOPLE, min_size=3, max_size=3)
STEPS = st.one_of(
    st.tuples(st.just("customer"), PEOPLE, st.sampled_from(ORGS), st.none() | st.sampled_from(ORGS)),
    st.tuples(st.just("holding"), PEOPLE, BRANCH, st.booleans()),
    st.tuples(st.just("reminder"), PEOPLE, BRANCH),
    st.tuples(st.just("relation"), PEOPLE, PEOPLE, st.sampled_from(["01", "05", "07"])),
    st.tuples(st.just("ticket"), BRANCH, PEOPLE, st.sampled_from(["swipe", "id_reader", "phone_name"])),
    st.tuples(st.just("claim"), BRANCH, PEOPLE, st.sampled_from(["swipe", "id_reader", "phone_name"])),
    st.tuples(st.just("move"), BRANCH, st.sampled_from(STATES)),
    st.tuples(st.just("snoop"), BRANCH, PEOPLE),
    st.tuples(st.just("contact"), BRANCH, PEOPLE, st.booleans()),
    st.tuples(st.just("head"), BRANCH, PEOPLE),
    st.tuples(st.just("machine"), BRANCH, PEOPLE),
    st.tuples(st.just("counter"), BRANCH, PEOPLE),
)


class Secret(NamedTuple):
    """Words by which one state of a holding or reminder would be recognised, and where it is."""

    person: int
    org_id: str
    words: tuple[str, ...]


class Office(NamedTuple):
    """One branch: its lobby manager and its head with a tablet each, its queue machine, and its teller system."""

    lobby: HttpTablet
    head: HttpTablet
    machine: QueueMachine
    teller: TellerSystem


class World:
    """What the CRM knows, and three tablets; `look` is called after every step with what a tablet was just sent."""

    def __init__(self, house: Any, offices: dict[str, "Office"]) -> None:
        self.house, self.offices = house, offices
        self.tablets = {branch: office.lobby for branch, office in offices.items()}
        self.ids = [new_id() for _ in range(3)]
        self.seed, self.hosts = next(NUMBERS), [""] * 3
        self.secrets: list[Secret] = []
        self.held: dict[int, str] = {}
        self.products: dict[str, tuple[int, str, str]] = {}  # holding → whose, where, of which product
        self.tickets: dict[str, str] = {}
        self.cursors: dict[str, str | None] = dict.fromkeys(BRANCHES)

    def begin(self, standing: list[tuple[str, str | None]], first: list[int]) -> None:
        """Let three of one family hold something in every branch, and somebody wait in each."""
        for person, (host, assist) in enumerate(standing):
            self.customer(person, host, assist)
            for branch in BRANCHES:
                self.holding(person, branch, False)
                self.reminder(person, branch)
            self.relation(person, (person + 1) % 3, "07")
        for branch, person in zip(BRANCHES, first, strict=True):
            self.ticket(branch, person, "swipe")
        self.pull()

    # --- the CRM

    def tell(self, kind: str, id: str, **body: Any) -> None:
        at = write_moment(self.house.engine.clock())
        event = CrmEvent(
            source="core", event_id=new_id(), kind=kind, id=id, revision=next(NUMBERS), body=body, at=at  # type: ignore[arg-type]  # one of the four
        )  # fmt: skip
        apply_events(self.house.engine, self.house.store, [event])

    def customer(self, person: int, host: str, assist: str | None) -> None:
        self.hosts[person] = host
        self.tell("customer", self.ids[person], **self.known(person), host_org=host, assist_org=assist, labels=["x"])

    def known(self, person: int) -> dict[str, str]:
        return {
            "customer_no": f"{self.seed}0{person}", "name": f"李{self.seed}", "phone": f"1380000{person % 2:04d}",
            "certificate_no": f"E{self.seed:06d}{person}",
        }  # fmt: skip

    def holding(self, person: int, org_id: str, is_change: bool) -> None:
        """Let there be a holding, or let one that is there move to another institution."""
        id = self.held.setdefault(person, new_id()) if is_change else new_id()
        mark, product, balance = next(NUMBERS), new_id(), 90_000_000_000 + next(NUMBERS)
        words = (id, f"产品{mark}号", f"family-{mark}.", f"T{mark:03d}", str(balance))
        body = {"code": "x", "name": words[1], "family": words[2]}
        self.house.engine.put_records([Put(kind="product", id=product, body=body)], "crm")
        past = [one._replace(words=one.words[1:]) if id in one.words else one for one in self.secrets]
        self.secrets = [*past, Secret(person, org_id, words)]
        self.products[id] = (person, org_id, product)
        self.tell(
            "holding", id, customer_id=self.ids[person], product_id=product, org_id=org_id,
            account_tail=f"T{mark % 1000:03d}", balance_fen=balance,
        )  # fmt: skip

    def reminder(self, person: int, org_id: str) -> None:
        text = f"提醒{next(NUMBERS)}号"
        self.secrets.append(Secret(person, org_id, (text,)))
        self.tell("reminder", new_id(), customer_id=self.ids[person], org_id=org_id, sort="loan_due", text=text)

    def relation(self, person: int, other: int, role: str) -> None:
        self.tell("relation", new_id(), customer_id=self.ids[person], related_id=self.ids[other], role=role)

    # --- the lobby

    def ticket(self, branch: str, person: int, sort: str) -> None:
        body = {"branch_id": branch, "series": "A", "business_date": "2026-11-21", "number": next(NUMBERS) % 99_000 + 1,
                "issued_at": "2026-11-21T01:30:00.000Z", "claim": self.claimed(person, sort)}  # fmt: skip
        self.tickets[branch] = self.push(branch, "ticket", "create", set=body)

    def claim(self, branch: str, person: int, sort: str) -> None:
        """Claim again, with a belief that is wrong, and for a colleague's ticket elsewhere as well."""
        for ticket in self.tickets.values():
            told = {"claim": self.claimed(person, sort), "service": f"s{next(NUMBERS)}"}
            self.push(branch, "ticket", "patch", id=ticket, base={"service": "old"}, base_version=1, set=told)

    def move(self, branch: str, to: str) -> None:
        if branch in self.tickets:
            told = {"from": "waiting", "to": to, "facts": {}}
            self.push(branch, "ticket", "transition", id=self.tickets[branch], set=told)

    def snoop(self, branch: str, person: int) -> None:
        """Ask for what is not the lobby's to ask."""
        tablet = self.tablets[branch]
        self.look(branch, tablet.get(f"/customers/{self.ids[person]}").content)
        told = {"field": "balances", "reason": "curious"}
        self.look(branch, tablet.post(f"/customers/{self.ids[person]}/reveal", told).content)
        self.look(branch, tablet.get("/reviews").content)
        told = {"subject_kind": "customer", "subject_id": self.ids[person], "field": "phone", "shown_at": "now"}
        self.push(branch, "reveal", "create", set=told)
        self.push(branch, "customer", "propose", id=self.ids[person], set={"phone": "1"}, base={"phone": "2"})
        if id := self.held.get(person):
            self.push(branch, "holding", "patch", id=id, set={"balance_fen": 1})
        self.look_around(branch, person, tablet)
        verified = {"bucket": f"branch:{branch}", "have": {"": {"s": 0, "n": 0, "d": "0000000000000000"}}}
        self.look(branch, tablet.post("/sync/verify", verified).content)

    def look_around(self, branch: str, person: int, tablet: HttpTablet) -> None:
        """Ask every door that tells of customers, lines, contacts or figures, for every branch."""
        asked = [f"/marketing/contacts?customer={self.ids[person]}", "/reviews", f"/customers/{self.ids[person]}"]
        for other in BRANCHES:
            asked += [f"/lobby/line/{other}", f"/numbers/{other}/{DAY}"]
            asked += [f"/lobby/day/{other}/{DAY}?by=person&format={form}" for form in ("json", "csv", "xlsx")]
            asked += [
                f"/marketing/effects?since={DAY}&until={DAY}&org={other}&format={form}" for form in ("csv", "xlsx")
            ]
        for path in asked:
            answer = tablet.get(path)
            self.look(branch, unpacked(answer.content) if "spreadsheet" in answer.headers["content-type"] else
                      answer.content)  # fmt: skip

    def head(self, branch: str, person: int) -> None:
        """Let a branch's head look at a customer, with a reason (001-11)."""
        head = self.offices[branch].head
        self.look_around(branch, person, head)
        for field in ("balances", "name", "phone"):
            told = {"field": field, "reason": "核对"}
            self.look(branch, head.post(f"/customers/{self.ids[person]}/reveal", told).content)

    def contact(self, branch: str, person: int, is_opt_out: bool) -> None:
        """Speak to whoever waits, or to somebody without a ticket."""
        tablet = self.tablets[branch]
        about = {"ticket_id": self.tickets[branch]} if branch in self.tickets else {"customer_id": self.ids[person]}
        said = {"org_id": branch, "channel": "lobby", "stage": "refused", "is_opt_out": is_opt_out, **about,
                "happened_at": "2026-11-21T01:30:00.000Z", "prev": ""}  # fmt: skip
        mutation = tablet.signed(tablet.mutation("contact", "append", set=said))
        self.look(branch, tablet.post("/sync/push", {"mutations": [mutation]}).content)

    def machine(self, branch: str, person: int) -> None:
        """Swipe a card at the door, and call whoever is next."""
        machine = self.offices[branch].machine
        said = machine.ask("issue", series="A", claim=self.claimed(person, "swipe"))
        self.look(branch, msgspec.json.encode(said))
        self.look(branch, msgspec.json.encode(machine.ask("call_next", counter="1")))

    def counter(self, branch: str, person: int) -> None:
        """Bring a form to the counter that names a customer, and change there what the CRM knows."""
        form = self.push(branch, "form", "create", set={
            "branch_id": branch, "template_id": new_id(), "customer_id": self.ids[person], "phone": "13800000000",
        })  # fmt: skip
        for to in ("complete", "confirmed"):
            self.push(branch, "form", "transition", id=form, set={"to": to})
        stored = self.house.store.read(lambda look: look.records([Key("form", form)]))[Key("form", form)]
        teller = self.offices[branch].teller
        code = msgspec.json.decode(stored.body)["pick_up_code"]
        self.look(branch, teller.load(code).content)
        told = {"values": {"phone": "13900000000"}, "resignature": {"signed_at": "2026-11-21T01:30:00.000Z"}}
        self.look(branch, teller.tell(form, "changed", **told).content)

    def claimed(self, person: int, sort: str) -> dict[str, str]:
        known = self.known(person)
        said = {
            "swipe": {"customer_no": known["customer_no"]}, "id_reader": {"certificate_no": known["certificate_no"]},
            "phone_name": {"phone_tail": known["phone"][-4:], "name": known["name"]},
        }[sort]  # fmt: skip
        return {"sort": sort, **said}

    def push(self, branch: str, kind: str, op: str, **told: Any) -> str:
        tablet = self.tablets[branch]
        mutation = tablet.mutation(kind, op, **told)
        self.look(branch, tablet.post("/sync/push", {"mutations": [mutation]}).content)
        return str(mutation["id"])

    def pull(self) -> None:
        """Let every tablet catch up, and one that begins anew read its whole branch."""
        drain_outbox(self.house.engine, self.house.store)
        for branch, tablet in self.tablets.items():
            for cursor in (self.cursors[branch], None):
                while True:
                    answer = tablet.post("/sync/pull", {"cursor": cursor})
                    page = answer.json()
                    changes = [change for change in page["changes"] if change["b"] != "catalog"]
                    self.look(branch, str(changes).encode())
                    self.look_at_offers(branch, [change for change in changes if change["k"] == "card"])
                    cursor = page["cursor"]
                    if page["complete"]:
                        break
                self.cursors[branch] = cursor

    def look_at_offers(self, branch: str, changes: list[dict[str, Any]]) -> None:
        """A card lists the whole catalog; of none but what the branch may know does it say that it is held."""
        for card in [change["d"] for change in changes if change.get("d", {}).get("customer_id") in self.ids]:
            person = self.ids.index(card["customer_id"])
            may_know = {
                product
                for whose, org_id, product in self.products.values()
                if whose == person and branch in (self.hosts[person], org_id)
            }
            told = {one["product_id"] for one in card.get("suppressed", ()) if "held" in one.get("barred_by", ())}
            assert told | {held["product_id"] for held in card.get("holdings", ())} <= may_know

    def look(self, branch: str, sent: bytes) -> None:
        """Search what a tablet was sent for everything that its branch may not know now."""
        for secret in self.secrets:
            if branch not in (self.hosts[secret.person], secret.org_id):
                found = [word for word in secret.words if word.encode() in sent]
                assert found == [], f"{branch} was sent {found} of {secret.org_id}"


@pytest.fixture
def settings(settings):
    """As other tests have it, but people may look for as many customers as they like."""
    return msgspec.structs.replace(settings, identify_per_hour=100_000)


@pytest.fixture
def offices(app, client, staffing):
    """The house, and an office in each of three branches of two banks."""
    house = app.state.house
    add_orgs(house.store, OrgRow(org_id="3601", name="乙一支行", level="branch", parent="36"))
    return house, {branch: _open_office(branch, client, staffing) for branch in BRANCHES}


def _open_office(branch, client, staffing):
    staffing.hire(f"l{branch}", branch, "lobby_manager")
    staffing.hire(f"s{branch}", branch, "supervisor")
    keys = [add_partner(staffing.auth, sort, branch, "x", "test").key for sort in PartnerSort]
    key = dict(zip(PartnerSort, keys, strict=True))
    return Office(
        lobby=staffing.tablet(f"l{branch}", branch), head=staffing.tablet(f"s{branch}", branch),
        machine=QueueMachine(client, key[PartnerSort.MACHINE], lambda: "2026-11-21T01:30:00.000Z"),
        teller=TellerSystem(client, key[PartnerSort.TELLER], branch),
    )  # fmt: skip


def unpacked(book: bytes) -> bytes:
    """Return all that a workbook holds."""
    with ZipFile(BytesIO(book)) as parts:
        return b"".join(map(parts.read, parts.namelist()))


# Shrinking a failure through HTTP would take minutes.
@tries(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(standing=STANDING, first=FIRST, steps=st.lists(STEPS, max_size=12))
def test_no_branch_receives_what_another_branch_holds(offices, standing, first, steps):
    world = World(*offices)
    with capture_logs() as logged:
        world.begin(standing, first)
        for name, *told in steps:
            getattr(world, name)(*told)
            world.pull()
    written = str(logged)
    assert not [word for secret in world.secrets for word in secret.words if word in written]
