"""A tablet over real HTTP against the real server: enrolled, signed in, synced, poked, uploaded, revoked."""

import socket
import threading
from itertools import count
from pathlib import Path
from random import Random
from time import sleep

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec

from backend.app import create_app
from backend.auth.enrolment import make_enrolment_code
from backend.auth.revocation import revoke_install
from backend.auth.staffing import NewStaff, add_staff
from backend.domain.orgs.queries import OrgRow, add_org
from backend.migrations import migrate
from contracts.errors import ErrorCode
from sync.tablet.clock import SystemClock
from sync.tablet.database import create_database
from sync.tablet.errors import LineFailed, Refused
from sync.tablet.events import listen, read_events
from sync.tablet.http import HttpLine, Tokens
from sync.tablet.http_transport import HttpTransport
from sync.tablet.ids import uuid7
from sync.tablet.patience import Patience
from sync.tablet.sign_in import App, DatabaseTokens, enrol, sign_in, sign_out
from sync.tablet.tablet import Surroundings, Tablet
from tests.support.cheap import cheap_settings
from tests.sync.tablet.town import BRANCH, DAY, form

PASSWORD = "Tulou-1308"
SEEDS = count()


class Bank:
    """A running server with one branch and two lobby managers."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder}/padsync.db"
        migrate(url)
        settings = cheap_settings(database_url=url, data_dir=str(folder))
        app = create_app(settings)
        self.auth = app.state.house.auth
        self.auth.store.write(lambda unit: add_org(unit.connection, OrgRow(org_id="FJ", name="联合社", level="union")))
        self.auth.store.write(
            lambda unit: add_org(unit.connection, OrgRow(org_id=BRANCH, name="支行", level="branch", parent="FJ"))
        )
        for staff_no in ("M001", "M002"):
            person = NewStaff(staff_no=staff_no, name="某人", org_id=BRANCH, roles=frozenset({"lobby_manager"}))
            add_staff(self.auth, person, PASSWORD, "test", is_initial=False)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()


class Pad:
    """A tablet with its HTTP line."""

    def __init__(self, bank: Bank, staff_no: str, path: Path | None = None) -> None:
        self.random = Random(next(SEEDS))
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.install_id = uuid7(1_700_000_000_000, self.random)
        self.client = httpx.Client(base_url=bank.url)
        self.database = create_database(path, self.install_id)
        self.line = HttpLine(self.client, self.install_id, SystemClock(), DatabaseTokens(self.database))
        self.patience = Patience(sleep, self.random, attempts_max=2, first_ms=1)
        surroundings = Surroundings(self.key, SystemClock(), self.random, self.patience)
        self.tablet = Tablet(self.database, HttpTransport(self.line), surroundings)
        enrol(self.line, make_enrolment_code(bank.auth, BRANCH, "test").code, self.key, App("test", "1.0"))
        self.tablet.switch_person(staff_no)
        self.card = sign_in(self.line, staff_no, PASSWORD, self.key)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    bank = Bank(tmp_path_factory.mktemp("bank"))
    yield bank
    bank.stop()


@pytest.fixture
def pads(bank):
    made = [Pad(bank, "M001"), Pad(bank, "M002")]
    yield made
    for pad in made:
        pad.client.close()


def test_two_tablets_meet_over_http(pads):
    here, there = (pad.tablet for pad in pads)
    here.serve_line(BRANCH, "A", DAY)
    here.sync()
    ticket = here.issue_ticket(BRANCH, "A", DAY)
    made = here.create("form", form(name="陈大文", remark="长" * 2000))
    assert here.sync().pushed == 2
    there.sync()
    assert there.view("form", made.id).body["remark"] == "长" * 2000
    assert there.view("ticket", ticket.id).body["number"] == ticket.body["number"]
    here.end_day(DAY)
    here.sync()


def test_an_expired_access_token_is_renewed_and_the_rotation_kept(pads):
    line = pads[0].line
    before = line.tokens.read()
    line.tokens.keep(Tokens(before.access[:-4] + "AAAA", before.refresh))
    pads[0].tablet.sync()
    assert line.tokens.read().refresh != before.refresh
    pads[0].tablet.sync()


def test_whoever_signed_out_must_sign_in_again(pads):
    sign_out(pads[0].line)
    with pytest.raises(Refused, match="unauthenticated"):
        pads[0].tablet.sync()
    sign_in(pads[0].line, "M001", PASSWORD, pads[0].key)
    pads[0].tablet.sync()


def test_a_wrong_password_is_refused_with_a_code(pads):
    with pytest.raises(Refused) as refused:
        sign_in(pads[0].line, "M001", "wrong", pads[0].key)
    assert refused.value.says(ErrorCode.SIGN_IN_FAILED)


def test_a_poke_tells_of_another_tablets_work(pads):
    here, there = pads
    here.tablet.sync()
    stream = listen(there.line, there.patience)
    first = next(stream)
    here.tablet.create("form", form())
    here.tablet.sync()
    heads = next(stream)
    stream.close()
    assert heads[f"branch:{BRANCH}"] > first.get(f"branch:{BRANCH}", 0)


def test_a_photo_is_uploaded_in_parts_and_resumed(pads):
    tablet, line = pads[0].tablet, pads[0].line
    photo = bytes(range(256)) * 3000
    tablet.keep_photo("visit", pads[0].install_id, photo)
    report = tablet.sync()
    assert report.photos == 1
    url = tablet._parts.database.execute("SELECT upload_url FROM photo").fetchone()[0]
    assert line.send("HEAD", url, headers={"Tus-Resumable": "1.0.0"}).headers["Upload-Offset"] == str(len(photo))


def test_an_upload_that_is_gone_begins_anew(pads):
    tablet = pads[0].tablet
    tablet.keep_photo("visit", pads[0].install_id, b"photo")
    tablet._parts.database.execute("UPDATE photo SET upload_url = '/api/v1/files/' || ?", ("0" * 32,))
    with pytest.raises(Refused, match="not_found"):
        tablet.sync()
    assert tablet.sync().photos == 1


def test_no_server_is_a_failed_line_and_nothing_is_lost(pads):
    tablet = pads[0].tablet
    tablet.create("form", form())
    pads[0].client.base_url = httpx.URL("http://127.0.0.1:9")
    with pytest.raises(LineFailed):
        tablet.sync()
    assert tablet.unsent_count() == 1


def test_an_answer_from_something_in_between_is_a_failed_line(pads):
    portal = httpx.MockTransport(lambda _request: httpx.Response(200, text="<html>Pay for this wifi</html>"))
    pads[0].line.client = httpx.Client(transport=portal, base_url="http://padsync.local")
    with pytest.raises(LineFailed):
        pads[0].tablet.sync()


def test_a_revoked_tablet_purges_and_hands_in_its_receipt(bank, pads):
    tablet = pads[0].tablet
    tablet.create("form", form())
    tablet.sync()
    revoke_install(bank.auth, pads[0].install_id, "test")
    with pytest.raises(Refused) as refused:
        tablet.sync()
    assert refused.value.says(ErrorCode.REVOKED)
    assert (tablet.find("form"), tablet.digest_report()) == ([], {})
    assert pads[0].line.tokens.read() is None
    purges = bank.auth.store.read(lambda look: look.purges(pads[0].install_id))
    assert [purge.receipt is not None for purge in purges] == [True]


def test_events_are_read_line_by_line():
    lines = ["retry: 10", "", ": still here", "event: poke", "data: {", "data: }", "", "data: x", ""]
    assert list(read_events(lines)) == [("poke", "{\n}"), ("message", "x")]
