"""The demonstration bank: seeded, lived through, or served for a person to try."""

import os
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from backend.commands.duty import PACKAGE, read_package
from backend.commands.proving import read_export
from backend.commands.workplace import check_port, opened, prepare_database, progress_bar, settings_here
from backend.demo.asking import ask_for_visits
from backend.demo.bank import CUSTOMERS, make_bank
from backend.demo.credentials import Credentials, read_credentials, write_credentials
from backend.demo.day.day import live_day, write_result
from backend.demo.day.server import NotStarted, free_port
from backend.demo.day.size import Size
from backend.demo.month.month import Tools, add_figures, live_month
from backend.demo.places import UNION
from backend.demo.seeding import NotEmpty, ready_codes, seed_bank
from backend.demo.session import write_session
from backend.domain.compliance.jobs.closing import bank_day
from backend.domain.compliance.queries.setup import ToldDay
from backend.domain.orgs.queries import list_orgs
from backend.serve import run_server
from backend.settings import Settings
from backend.web.logs import configure_logs

BUILD = Path("build")
FIGURES, WORKBOOK = BUILD / "demo.json", BUILD / "demo-month.xlsx"
SEED = click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same bank.")
# Random passwords need no slow hash to be safe, and nine people sign in within a second.
QUICK = Settings(
    argon2_memory_kib=1024, argon2_passes=1, argon2_lanes=1, log_level="warning",
    day_ends_h=18,  # the timed job ends the day while people still look
    sign_in_per_install_min=10_000, sign_in_per_address_min=10_000,  # a played hour is seconds, and all come from here
)  # fmt: skip


@click.command("seed-demo")
@click.option(
    "--write-credentials", "file", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="Where to write staff numbers, passwords, roles, organisations and ready enrolment codes, as JSON.",
)  # fmt: skip
@click.option("--customers", type=click.IntRange(10, 1_000_000), default=CUSTOMERS, show_default=True)
@SEED
def seed_demo(file: Path, customers: int, seed: int) -> None:
    """Fill an empty database with the demonstration bank; everybody in it is made up.

    The database is made and migrated if need be; one that holds institutions is left alone.
    """
    settings = settings_here()
    prepare_database(settings)
    credentials = _seed(settings, seed, customers)
    write_credentials(file, credentials)
    click.echo(
        f"{len(credentials.staff)} staff and {customers} customers are there; {file} says who may sign in. "
        "Never seed a database that real people use."
    )


@click.command()
@SEED
@click.option("--serve", "is_serving", is_flag=True, help="Serve the bank for you to try, instead of living a day.")
@click.option("--scale", type=click.FloatRange(0.1, 10), default=1, show_default=True, help="How much happens.")
@click.option("--only", type=click.Choice(["day", "month"]), help="Live only one part.")
def demo(seed: int, is_serving: bool, scale: float, only: str | None) -> None:
    """Live one business day at a bank with nine tablets and bad lines, and prove that nothing was lost.

    Then a month of twelve field managers, its two closes, and the proof that every visit is accounted for.
    """
    if is_serving:
        _serve(seed)
        return
    configure_logs("error", "console")
    proven = []
    FIGURES.unlink(missing_ok=True)
    if only != "month":
        proven.append(_live_day(seed, scale))
    if only != "day":
        proven.append(_live_month(seed, scale))
    if not all(proven):
        raise click.ClickException("Not everything could be proven; see above.")
    click.echo(f"\nAll proven. Figures in {FIGURES}.")


def _live_day(seed: int, scale: float) -> bool:
    """Live the day, write its figures, and say whether all was proven."""
    size = Size(**{name: max(1, round(getattr(Size(), name) * scale)) for name in Size.__struct_fields__})
    with tempfile.TemporaryDirectory(prefix="padsync-demo-") as folder:
        settings = msgspec.structs.replace(QUICK, data_dir=folder, port=free_port())
        try:
            result = live_day(settings, seed=seed, size=size, say=click.echo)
        except NotStarted as error:
            raise click.ClickException(str(error)) from error
    write_result(FIGURES, result)
    return result.is_proven


def _live_month(seed: int, scale: float) -> bool:
    """Live the month, add its figures to the day's, and say whether all was proven."""
    tools = Tools(calendar=read_package, source=(PACKAGE, version(PACKAGE)), read_export=read_export)
    with tempfile.TemporaryDirectory(prefix="padsync-month-") as folder:
        settings = msgspec.structs.replace(QUICK, data_dir=folder, port=free_port())
        try:
            lived = live_month(settings, tools, seed=seed, say=click.echo, workbook=WORKBOOK, scale=min(1, scale))
        except NotStarted as error:
            raise click.ClickException(str(error)) from error
    add_figures(FIGURES, lived)
    return lived.month_is_proven


def _serve(seed: int) -> None:
    """Serve the bank from a folder that stays; made at the first time, found again at the next."""
    settings = settings_here()
    check_port(settings)
    if "PADSYNC_DATA_DIR" not in os.environ:
        settings = msgspec.structs.replace(settings, data_dir=str(BUILD / "demo"))
    file = Path(settings.data_dir) / "credentials.json"
    prepare_database(settings)
    credentials = _seed_or_find(settings, seed, file)
    write_credentials(file, credentials)
    click.echo(_invitation(settings, file), nl=False)
    run_server(settings)


def _seed_or_find(settings: Settings, seed: int, file: Path) -> Credentials:
    """Return who may sign in, with fresh enrolment codes."""
    with opened(settings) as house:
        is_there = bool(house.store.read(lambda look: list_orgs(look.connection)))
        if is_there and not file.exists():
            raise click.ClickException(
                f"{settings.data_dir} holds a bank, but not its {file.name}: use another folder."
            )
        if is_there:
            known = read_credentials(file)
            codes = ready_codes(house.auth, sorted({person.org_id for person in known.staff}))
            return msgspec.structs.replace(known, enrolment_codes=codes)
    return _seed(settings, seed, CUSTOMERS)


def _seed(settings: Settings, seed: int, customers: int) -> Credentials:
    bars = {what: progress_bar(what) for what in ("staff", "records")}
    with opened(settings) as house:
        try:
            bank = make_bank(seed, house.auth.now(), customers)
            credentials = seed_bank(house.engine, house.auth, bank, lambda what, done, of: bars[what](done, of))
        except NotEmpty:
            raise click.ClickException(
                "The database holds institutions already; the demonstration bank needs an empty one."
            ) from None
        now = house.engine.clock()
        ask_for_visits(house.engine, house.store, UNION.org_id, _days_of(now), (PACKAGE, version(PACKAGE)), now)
        return credentials


def _days_of(now: datetime) -> list[ToldDay]:
    try:
        return read_package(bank_day(now).year)
    except click.ClickException:  # a year without a notice: Monday to Friday, and every figure says so
        return []


def _invitation(settings: Settings, file: Path) -> str:
    url = f"http://{settings.host}:{settings.port}"
    return f"""\
The demonstration bank is at {url} (what it can do: {url}/docs); it stays in {settings.data_dir}.
Who may sign in, and ready enrolment codes: {file}
Stop with Ctrl-C. A session for another shell, with `padsync` on the path (PATH=$PWD/.venv/bin:$PATH):

{write_session(url, settings.data_dir)}
"""
