"""A tablet may be killed at any moment: what was typed is there, nothing is done twice, nothing is half done."""

import threading
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, Listener
from time import sleep, time

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sync.tablet.tablet import Tablet
from tests.sync.tablet.child import work_until_killed
from tests.sync.tablet.town import BOTH, BRANCH, DAY, Person, Town, form, visit

KILLS = 8


class Cut(Exception):
    """The tablet stops here."""


def cut_at(tablet: Tablet, countdown: int) -> None:
    """Let the tablet's database fail at its `countdown`-th statement from now, and at every one after it."""
    database, left = tablet._parts.database, [countdown]
    execute, executemany = database.execute, database.executemany

    def counted(original):
        def call(sql, *args):
            left[0] -= 1
            if left[0] < 0 and sql != "ROLLBACK":
                raise Cut
            return original(sql, *args)

        return call

    database.execute, database.executemany = counted(execute), counted(executemany)


def a_day(tablet: Tablet, customer: str) -> None:
    """Type and sync a little of everything."""
    tablet.serve_line(BRANCH, "A", DAY, want=4)
    made = tablet.create("form", form(name="x"))
    tablet.sync()
    tablet.issue_ticket(BRANCH, "A", DAY)
    tablet.patch("form", made.id, {"phone": "1"})
    tablet.append("visit", visit(customer))
    tablet.sync()
    tablet.end_day(DAY)
    tablet.sync()


def a_town_at_work(chunk: int) -> tuple[Town, Person, Tablet, str]:
    town = Town(seed=chunk)
    chen = Person("F001", BOTH, {"p1"})
    customer = town.put_customer("p1")
    return town, chen, town.tablet(chen), customer


def statements_of_a_day() -> int:
    _, _, tablet, customer = a_town_at_work(0)
    counted: list[str] = []
    tablet._parts.database.connection.set_trace_callback(counted.append)
    a_day(tablet, customer)
    return len(counted)


def test_a_cut_at_any_statement_leaves_a_whole_state_that_goes_on():
    for countdown in range(0, statements_of_a_day(), 3):
        town, chen, tablet, customer = a_town_at_work(countdown)
        install_id = tablet.install_id
        cut_at(tablet, countdown)
        with suppress(Cut):
            a_day(tablet, customer)
        tablet = town.reopen(install_id, chen, tablet.snapshot())
        typed = len(tablet.outcomes()) + tablet.unsent_count()
        tablet.sync()
        assert tablet.unsent_count() == 0
        outcomes = tablet.outcomes()
        assert list(outcomes) == list(range(1, typed + 1)), countdown
        assert {it.status for it in outcomes.values()} <= {"applied"}, countdown
        assert [flag for it in outcomes.values() for flag in it.flags] == [], countdown
        assert {name: (one.n, one.d) for name, one in tablet.digest_report().items()} == {
            name: (one.n, one.d) for name, one in town.truth(tablet, chen).items()
        }, countdown


def serve(town: Town, person: Person, install_id: str, listener: Listener) -> None:
    """Answer one tablet after the other with the real engine."""
    while True:
        try:
            line = listener.accept()
        except OSError:
            return
        answer_all(town, person, install_id, line)


def answer_all(town: Town, person: Person, install_id: str, line: Connection) -> None:
    wire = town.line(person, install_id)
    try:
        while True:
            call, raw = line.recv()
            line.send(wire.serve_raw(call, raw))
    except (EOFError, OSError):
        line.close()


def test_kill_nine_in_the_middle_of_everything_loses_and_doubles_nothing(tmp_path):
    town, wang = Town(), Person("M001")
    install_id = town.new_id()
    town.enrol(install_id)
    key = town.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    address, path = str(tmp_path / "line"), tmp_path / "tablet.db"
    listener = Listener(address, "AF_UNIX")
    server = threading.Thread(target=serve, args=(town, wang, install_id, listener), daemon=True)
    server.start()
    for kill in range(KILLS):
        process = get_context("spawn").Process(target=work_until_killed, args=(path, install_id, key, address, kill))
        before = acknowledged(town, install_id)
        process.start()
        wait_for_progress(town, install_id, before)
        sleep(0.013 * kill)
        process.kill()
        process.join()
    listener.close()
    tablet = Tablet.open(path, install_id, "M001", town.line(wang, install_id), town.surroundings())
    typed = len(tablet.outcomes()) + tablet.unsent_count()
    tablet.sync()
    outcomes = tablet.outcomes()
    assert list(outcomes) == list(range(1, typed + 1))
    assert acknowledged(town, install_id) == typed
    assert {it.status for it in outcomes.values()} == {"applied"}
    assert [flag for it in outcomes.values() for flag in it.flags] == []
    typed_of = dict(tablet._parts.database.execute("SELECT id, count(*) FROM mutation GROUP BY id").fetchall())
    shown = {seen.id: seen.version for kind in ("form", "ticket") for seen in tablet.find(kind)}
    assert shown == typed_of  # each mutation of a record made exactly one version
    assert tablet.digest_report()[f"branch:{BRANCH}"].d == town.truth(tablet, wang)[f"branch:{BRANCH}"].d


def acknowledged(town: Town, install_id: str) -> int:
    install = town.store.read(lambda snapshot: snapshot.find_install(install_id))
    assert install is not None
    return install.ack_n


def wait_for_progress(town: Town, install_id: str, before: int) -> None:
    deadline = time() + 30
    while acknowledged(town, install_id) < before + 20 and time() < deadline:
        sleep(0.005)
    assert acknowledged(town, install_id) >= before + 20
