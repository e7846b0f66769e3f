"""The working-day calendar, from a package that knows it or from a file that a person wrote."""

import csv
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import chinese_calendar
import click

from backend.commands.workplace import opened
from backend.domain.compliance.jobs.closing import Parts, refresh_duties
from backend.domain.compliance.queries.setup import ToldDay, replace_year
from backend.domain.compliance.rules.calendar import WORKED, DayKind, kind_of
from backend.domain.handoffs.duty import SOURCES

PACKAGE = "chinesecalendar"


@click.command("import-calendar")
@click.argument("year", type=click.IntRange(2004, 2100))
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with the columns day,kind; a day that it leaves out is Monday to Friday as usual.",
)
@click.option("--predicted", is_flag=True, help="No notice confirms it yet: figures keep their warning.")
def import_calendar(year: int, file: Path | None, predicted: bool) -> None:
    """Tell which days of YEAR are worked, in place of what was known, and judge open duties again.

    KIND is workday, make_up (a weekend day that is worked), weekend or holiday. Closed months stay as they are.
    """
    days = _read_file(file, year) if file else read_package(year)
    source, told = ("file", file.name) if file else (PACKAGE, version(PACKAGE))
    with opened() as house:
        house.store.write(
            lambda unit: replace_year(unit.connection, year, days, source, told, is_confirmed=not predicted)
        )
        refresh_duties(Parts(house.store, house.engine.kinds, SOURCES), house.engine.clock())
    worked = sum(one.kind in WORKED for one in days)
    click.echo(f"{year} has {worked} working days, says {source} {told}{' (predicted)' if predicted else ''}.")


def read_package(year: int) -> list[ToldDay]:
    """Return a year's days as the package tells them. Raises ClickException for a year that it does not know."""
    try:
        return [
            ToldDay(day=day, kind=kind_of(day, is_worked=chinese_calendar.is_workday(day))) for day in _days_of(year)
        ]
    except NotImplementedError as error:
        raise click.ClickException(
            f"{PACKAGE} {version(PACKAGE)} does not know {year}. Until the State Council's notice is there, Monday to "
            "Friday are taken as worked, with a warning; give a file with --file."
        ) from error


def _read_file(file: Path, year: int) -> list[ToldDay]:
    told: dict[date, DayKind] = {}
    for number, row in enumerate(csv.DictReader(_read_lines(file)), start=2):
        try:
            told[date.fromisoformat((row.get("day") or "").strip())] = DayKind((row.get("kind") or "").strip())
        except ValueError as error:
            raise click.ClickException(f"Line {number} of {file.name}: {error}.") from error
    if strangers := [day for day in told if day.year != year]:
        raise click.ClickException(f"{file.name} tells of {strangers[0]}, which is not in {year}.")
    return [ToldDay(day=day, kind=told.get(day) or kind_of(day, is_worked=day.weekday() < 5)) for day in _days_of(year)]


def _read_lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name} is no UTF-8 text; spreadsheets call it “CSV UTF-8”.") from error


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
