"""A form's way over HTTP: filled on tablets, fetched by a teller system, ended by its word, corrected in the CRM."""

import json

import pytest

from backend.auth.partners import PartnerSort, add_partner
from backend.auth.staffing import assign_portfolio
from backend.crm.embedded import drain_outbox
from backend.demo.teller_system import TellerSystem
from backend.demo.templates import list_templates
from backend.domain.staff.queries import add_portfolio
from backend.identity import business_date
from sync.puts import Put
from sync.store import Key
from tests.backend.doors.tablets import new_id
from tests.backend.forms.paper import IDENTITY, complete_values, template

PAPERS = {"id_paper": True}


@pytest.fixture
def house(app):
    return app.state.house


@pytest.fixture
def template_id(house, client):
    id = new_id()
    body = next(body for body in list_templates() if body["code"] == "customer_change")
    house.engine.put_records([Put(kind="form_template", id=id, body=body)], "test")
    return id


@pytest.fixture
def customer_id(house, client, staffing, tablet):
    """A customer of the lobby manager's own portfolio."""
    house.store.write(lambda unit: add_portfolio(unit.connection, "p1", "3501"))
    house.store.write(lambda unit: assign_portfolio(unit, "lobby", "p1", house.auth.now()))
    id = new_id()
    body = {
        "customer_no": "12345678901", "name": "林小燕", "phone": "13800000000", "host_org": "3501",
        "host_portfolio": "p1", "crm_revision": 1, "as_of": "2026-11-19T16:00:00.000Z",
    }  # fmt: skip
    house.engine.put_records([Put(kind="customer", id=id, body=body)], "test")
    return id


def system(house, client, org_id="3501"):
    made = add_partner(house.auth, PartnerSort.TELLER, org_id, "柜面系统", "test")
    return TellerSystem(client, made.key, made.partner.partner_id[-6:])


@pytest.fixture
def teller(house, client):
    return system(house, client)


class Counter:
    """One form and what the tests do with it from the tablet."""

    def __init__(self, tablet, house, template_id):
        self.tablet, self.house, self.template_id, self.id = tablet, house, template_id, ""

    def push(self, mutation):
        (outcome,) = self.tablet.push(mutation).outcomes
        return outcome

    def begin(self, **fields):
        values = complete_values(template("customer_change"), certificate_no=IDENTITY, phone="13800000000")
        said = {"branch_id": "3501", "template_id": self.template_id, "values": values} | fields
        begun = self.tablet.mutation("form", "create", set=said)
        self.id = begun["id"]
        assert self.push(begun).status == "applied"
        return self

    def patch(self, **set):
        return self.push(self.tablet.mutation("form", "patch", set=set, base_version=self.version, id=self.id))

    def move(self, to, **facts):
        return self.push(self.tablet.mutation("form", "transition", set={"to": to, "facts": facts}, id=self.id))

    def confirmed(self, **fields):
        self.begin(papers=PAPERS, **fields)
        assert [self.move(to).status for to in ("complete", "confirmed")] == ["applied", "applied"]
        return self

    @property
    def version(self):
        return self.house.store.read(lambda look: look.records([Key("form", self.id)]))[Key("form", self.id)].version

    @property
    def body(self):
        stored = self.house.store.read(lambda look: look.records([Key("form", self.id)]))[Key("form", self.id)]
        return self.house.engine.kinds["form"].read(stored.body)


@pytest.fixture
def counter(tablet, house, template_id):
    return Counter(tablet, house, template_id)


def test_a_form_is_fetched_with_its_code_once_and_accepted(counter, teller):
    counter.confirmed()
    code = counter.body["pick_up_code"]
    loaded = teller.load(code[:4].lower() + " " + code[4:])
    assert loaded.status_code == 200, loaded.text
    told = {field["key"]: field for field in loaded.json()["fields"]}
    assert told["certificate_no"]["value"] == IDENTITY
    assert (told["certificate_kind"]["label"], told["certificate_kind"]["code"]) == ("证件类型", "10")
    assert (loaded.json()["lacks"], loaded.json()["is_as_confirmed"], loaded.json()["papers"]) == (
        [],
        True,
        ["id_paper"],
    )
    assert (counter.body["state"], counter.body["teller"], counter.body["pick_up_code"]) == ("loaded", "T01", "")
    assert teller.load(code).status_code == 404
    done = teller.tell(counter.id, "accepted")
    assert (done.status_code, done.json()["state"]) == (200, "accepted")


def test_a_retry_gets_the_same_answer_and_other_content_under_its_id_is_refused(counter, teller):
    counter.confirmed()
    first = teller.load(counter.body["pick_up_code"])
    assert teller.again().json() == first.json()
    assert teller.again(teller="T02").json()["code"] == "request_reused"
    told = teller.tell(counter.id, "rejected", reason="证件过期")
    version = counter.version
    assert teller.again().json() == told.json()
    assert counter.version == version
    assert (teller.again(reason="别的").status_code, counter.body["reject_reason"]) == (409, "证件过期")


def test_a_form_is_fetched_by_queue_number_the_oldest_first(counter, teller, tablet, house):
    today = business_date(house.engine.clock())
    number = {"branch_id": "3501", "series": "A", "business_date": today, "number": 7, "issued_at": house.auth.now()}
    issued = tablet.mutation("ticket", "create", set=number)
    tablet.push(issued)
    first = counter.confirmed(ticket_id=issued["id"]).id
    second = counter.confirmed(ticket_id=issued["id"]).id
    named = {"series": "A", "number": 7, "date": today}
    answer = teller.load(ticket=named).json()
    assert (answer["form_id"], answer["more"], answer["ticket_id"]) == (first, 1, issued["id"])
    assert teller.load(ticket=named).json()["form_id"] == second
    assert teller.load(ticket=named).json()["code"] == "pick_up_refused"


def test_an_empty_mail_address_reads_as_the_home_address_at_the_counter(counter, teller):
    values = complete_values(template("customer_change"), certificate_no=IDENTITY, home_address="鼓楼区一号")
    counter.confirmed(values={key: value for key, value in values.items() if not key.startswith("mail_")})
    fields = {field["key"]: field["value"] for field in teller.load(counter.body["pick_up_code"]).json()["fields"]}
    assert (fields["home_address"], fields["mail_address"]) == ("鼓楼区一号", "鼓楼区一号")
    assert "mail_address" not in counter.body["values"]


def test_what_the_teller_changes_is_kept_beside_what_the_customer_signed_and_signed_again(counter, teller):
    counter.confirmed()
    teller.load(counter.body["pick_up_code"])
    assert teller.tell(counter.id, "accepted", values={"phone": "13900000000"}).status_code == 400
    assert teller.tell(counter.id, "changed", values={"phone": "13900000000"}).json()["code"] == "validation_failed"
    signed = {"signed_at": "2026-11-21T02:00:00.000Z", "sha256": "0" * 64}
    assert teller.tell(counter.id, "changed", values={"phone": "13800000000"}, resignature=signed).status_code == 400
    told = {"phone": "13900000000", "name": counter.body["values"]["name"]}
    done = teller.tell(counter.id, "changed", values=told, resignature=signed)
    assert (done.json()["state"], done.json()["changed"]) == ("changed", ["phone"])
    body = counter.body
    assert (body["values"]["phone"], body["teller_values"]) == ("13800000000", {"phone": "13900000000"})
    assert (body["resigned_at"], body["resignature"]) == (signed["signed_at"], signed["sha256"])


@pytest.mark.parametrize(
    ("values", "said"),
    [({"fone": "13700000000"}, "the form has no such field: fone"), ({"phone": "abc"}, "移动电话")],
)
def test_a_change_that_the_form_cannot_hold_is_refused_and_ends_nothing(counter, teller, house, values, said):
    counter.confirmed()
    teller.load(counter.body["pick_up_code"])
    refused = teller.tell(counter.id, "changed", values=values, resignature={"signed_at": house.auth.now()})
    assert (refused.status_code, refused.json()["args"]["fields"]) == (400, list(values))
    assert said in refused.json()["detail"]
    assert counter.body["state"] == "loaded"


def test_another_change_of_a_form_that_has_ended_is_not_swallowed(counter, teller, house):
    counter.confirmed()
    teller.load(counter.body["pick_up_code"])
    signed = {"signed_at": house.auth.now()}
    told = {"certificate_no": IDENTITY, "phone": "13700000000"}
    first = teller.tell(counter.id, "changed", values=told, resignature=signed)
    assert teller.tell(counter.id, "changed", values=told, resignature=signed).json() == first.json()
    other = teller.tell(counter.id, "changed", values={"phone": "13600000000"}, resignature=signed)
    assert (other.status_code, other.json()["code"], other.json()["args"]["current"]) == (409, "form_state", "changed")


def test_a_rejection_says_why_and_a_form_ends_once(counter, teller):
    counter.confirmed()
    assert teller.tell(counter.id, "accepted").json()["args"] == {"current": "confirmed", "requested": "accepted"}
    teller.load(counter.body["pick_up_code"])
    assert teller.tell(counter.id, "rejected").status_code == 400
    assert teller.tell(counter.id, "rejected", reason="证件过期").status_code == 200
    assert teller.tell(counter.id, "accepted").json()["code"] == "form_state"


def test_once_a_form_has_ended_a_certificate_shows_its_last_four_and_nothing_else_is_lost(counter, teller):
    counter.confirmed()
    before = counter.body["values"]
    teller.load(counter.body["pick_up_code"])
    teller.tell(counter.id, "accepted")
    assert counter.body["values"] == before | {"certificate_no": "*" * 14 + "0015"}
    assert counter.patch(**{"values.name": "别人"}).problem.code == "validation_failed"


def test_a_system_fetches_for_its_own_branch_only(counter, teller, house, client):
    counter.confirmed()
    code = counter.body["pick_up_code"]
    other, bank = system(house, client, "3502"), system(house, client, "35")
    assert other.load(code).json()["code"] == "pick_up_refused"
    assert other.load(code, branch_id="3501").status_code == 404
    assert bank.load(code).status_code == 400
    assert bank.load(code, branch_id="3501").status_code == 200
    assert other.tell(counter.id, "accepted").status_code == 404
    assert bank.tell(counter.id, "accepted").status_code == 200


def test_a_queue_machine_and_a_tablet_fetch_nothing(counter, house, client, tablet):
    counter.confirmed()
    machine = add_partner(house.auth, PartnerSort.MACHINE, "3501", "取号机", "test")
    assert TellerSystem(client, machine.key).load(counter.body["pick_up_code"]).status_code == 403
    assert tablet.post("/teller/load", {"request_id": "1", "pick_up_code": "A"}).status_code == 401


def test_whoever_guesses_codes_is_slowed_down_even_once_the_guess_is_right(counter, teller, house):
    counter.confirmed()
    guesses = [teller.load(f"AAAA{at:04d}").status_code for at in range(house.settings.pick_up_failures_per_min + 1)]
    assert guesses == [404] * house.settings.pick_up_failures_per_min + [429]
    assert teller.load(counter.body["pick_up_code"]).status_code == 429


def test_a_form_that_was_changed_after_it_was_confirmed_says_so_at_the_counter(counter, teller):
    counter.confirmed()
    assert counter.patch(**{"values.phone": "13900000000"}).status == "applied"
    assert teller.load(counter.body["pick_up_code"]).json()["is_as_confirmed"] is False


def test_a_flag_that_is_inverted_in_the_banks_tables_is_told_in_their_code(counter, teller, house):
    body = next(body for body in list_templates() if body["code"] == "open_account")
    house.engine.put_records([Put(kind="form_template", id=(id := new_id()), body=body)], "test")
    values = complete_values(template("open_account"), is_shareholder=True, is_employee=False)
    counter.confirmed(template_id=id, values=values)
    fields = teller.load(counter.body["pick_up_code"]).json()["fields"]
    told = {field["key"]: (field["value"], field.get("code", "")) for field in fields}
    assert (told["is_shareholder"], told["is_employee"]) == ((True, "0"), (False, "1"))  # 0是1否 (003 §3.1.1)
    assert told["is_agreed"] == (True, "")


# --- what a form may not do


def test_a_form_that_lacks_something_is_not_complete_and_the_author_hears_what(counter):
    counter.begin()
    assert counter.patch(**{"values.phone": "不知道", "values.name": None}).status == "applied"
    refused = counter.move("complete")
    assert refused.problem.args["wrong"] == "客户名称未填写；移动电话不是电话号码"
    assert (refused.status, counter.body["state"]) == ("parked", "draft")


def test_a_form_is_confirmed_once_its_papers_were_seen(counter):
    counter.begin()
    assert counter.move("complete").status == "applied"
    assert counter.move("confirmed").problem.args["wrong"] == "缺少材料：有效身份证件原件"
    counter.patch(papers=PAPERS)
    assert counter.move("confirmed").status == "applied"


def test_a_complete_form_stays_complete(counter):
    counter.begin()
    counter.move("complete")
    assert counter.patch(**{"values.phone": None}).problem.args["wrong"] == "移动电话未填写"
    assert counter.body["values"]["phone"] == "13800000000"


@pytest.mark.parametrize("other", ["unknown", "version"])
def test_a_server_that_lacks_the_template_takes_the_form_as_it_is(counter, teller, other):
    fields = {"template_id": new_id()} if other == "unknown" else {"template_version": 9}
    counter.begin(values={"x": IDENTITY, "id_no": "E12345678"}, **fields)
    assert [counter.move(to).status for to in ("complete", "confirmed")] == ["applied"] * 2
    answer = teller.load(counter.body["pick_up_code"]).json()
    assert {field["key"]: field["value"] for field in answer["fields"]} == {"x": IDENTITY, "id_no": "E12345678"}
    teller.tell(counter.id, "accepted")
    assert counter.body["values"] == {"x": "*" * 14 + "0015", "id_no": "*****5678"}


def test_a_form_that_goes_back_needs_a_new_confirmation_and_gets_a_new_code(counter, teller):
    counter.confirmed()
    old = counter.body["pick_up_code"]
    counter.move("draft")
    assert [counter.body[name] for name in ("pick_up_code", "confirmed_digest", "confirmed_at")] == ["", None, None]
    assert teller.load(old).status_code == 404


# --- corrections


def filled(**values):
    source = {"source": "crm", "as_of": "2026-11-19T16:00:00.000Z", "was": "13800000000"}
    whole = complete_values(template("customer_change"), certificate_no=IDENTITY) | values
    return {"values": whole, "sources": {"phone": source}}


def requests(tablet):
    changes = tablet.pull()["changes"]
    return [change["d"] for change in changes if change["k"] == "request" and "x" not in change]


def test_a_customers_corrections_become_proposals_once_the_form_is_taken_and_the_crm_decides(
    counter, teller, house, tablet, customer_id
):
    counter.confirmed(customer_id=customer_id, **filled(phone="13900000000", home_address="福州市新店镇二号"))
    teller.load(counter.body["pick_up_code"])
    assert requests(tablet) == []
    teller.tell(counter.id, "accepted")
    (request,) = requests(tablet)
    assert request["proposed"]["phone"] == "13900000000"
    assert (request["believed"]["phone"], request["believed"]["home_address"]) == ("13800000000", "")
    assert (request["subject_id"], request["author"], request["state"]) == (customer_id, "lobby", "open")
    assert "name" not in request["proposed"]
    drain_outbox(house.engine, house.store)
    stored = house.store.read(lambda look: look.records([Key("customer", customer_id)]))[Key("customer", customer_id)]
    assert json.loads(stored.body)["phone"] == "13900000000"
    assert requests(tablet)[0]["state"] == "accepted"


def test_the_tellers_word_stands_above_the_customers_in_what_is_proposed(counter, teller, tablet, customer_id):
    counter.confirmed(customer_id=customer_id, **filled(phone="13900000000"))
    teller.load(counter.body["pick_up_code"])
    signed = {"signed_at": "2026-11-21T02:00:00.000Z"}
    teller.tell(counter.id, "changed", values={"phone": "13700000000"}, resignature=signed)
    assert requests(tablet)[0]["proposed"]["phone"] == "13700000000"


@pytest.mark.parametrize("end", ["rejected", "cancelled", "stranger"])
def test_a_form_that_nobody_took_or_of_a_customer_whom_nobody_knew_proposes_nothing(
    counter, teller, house, tablet, customer_id, end
):
    if end == "stranger":
        body = {"customer_no": "1", "name": "陌生人", "host_org": "3502", "host_portfolio": "p9", "crm_revision": 1,
                "as_of": "2026-11-19T16:00:00.000Z"}  # fmt: skip
        customer_id = new_id()
        house.engine.put_records([Put(kind="customer", id=customer_id, body=body)], "test")
    counter.confirmed(customer_id=customer_id, **filled(phone="13900000000"))
    if end == "cancelled":
        counter.move("cancelled")
    else:
        teller.load(counter.body["pick_up_code"])
        teller.tell(counter.id, "accepted" if end == "stranger" else end, reason="证件过期")
    assert requests(tablet) == []


# --- secrets


@pytest.mark.parametrize(
    "set",
    [{"values.取款密码": "86420"}, {"values.card_pin": "86420"}, {"values": {"payment_password": "86420"}},
     {"values.note": "密码：86420"}, {"remark": "她说取款密码是86420"}, {"values.note": "ＣＶＮ２ 86420"}],
)  # fmt: skip
def test_a_secret_is_refused_in_a_clear_word_and_kept_nowhere(counter, house, set, capfd):
    counter.begin()
    refused = counter.patch(**set)
    assert (refused.status, refused.problem.code) == ("parked", "secret_refused")
    dump = house.store.read(lambda look: "\n".join(look.connection.connection.driver_connection.iterdump()))
    out = capfd.readouterr()
    assert "86420" not in dump + out.out + out.err


def test_a_teller_system_that_tells_a_secret_is_refused_and_nothing_of_it_is_kept(counter, teller, house):
    counter.confirmed()
    teller.load(counter.body["pick_up_code"])
    for told in ({"values": {"取款密码": "86420"}}, {"values": {}, "reason": "密码 86420"}):
        refused = teller.tell(counter.id, "rejected", **({"reason": "x"} | told))
        assert (refused.status_code, refused.json()["code"]) == (400, "secret_refused")
    dump = house.store.read(lambda look: "\n".join(look.connection.connection.driver_connection.iterdump()))
    assert "86420" not in dump
    assert counter.body["state"] == "loaded"
