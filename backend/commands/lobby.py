"""The lobby's setup: which series of queue numbers a branch has."""

from functools import partial

import click
import msgspec

from backend.app import House
from backend.commands.workplace import APPLY_HINT, opened
from backend.domain.orgs.queries import find_org
from backend.line.series import read_series
from backend.line.series import set_series as give
from contracts.admin import SeriesChoice, SeriesRequest
from sync.moments import write_moment

BY, WHOLE_BANK = "operator", "bank"


@click.command("set-series")
@click.argument("branch")
@click.argument("series", nargs=-1, metavar="[LETTER=NAME]...")
@click.option("--apply", is_flag=True, help="Do it. Without it, only say what would change.")
def set_series(branch: str, series: tuple[str, ...], *, apply: bool) -> None:
    """Give BRANCH its series of queue numbers, as A=个人业务 B=对公业务; none at all: those of the whole bank again.

    BRANCH `bank` means every branch without a list of its own. Tablets learn of it with their next pull.
    """
    names, place = _read(series), "" if branch == WHOLE_BANK else branch
    with opened() as house:
        _check_branch(house, place)
        was = house.store.read(lambda look: read_series(look, place))
        at = write_moment(house.engine.clock())
        if apply:
            house.store.write(partial(give, kinds=house.engine.kinds, names=names, branch=place, by=BY, at=at))
        now = house.store.read(lambda look: read_series(look, place)) if apply else names
    click.echo(f"was: {_say(was)}")
    click.echo(f"now: {_say(now)}" if apply else f"would be: {_say(now) or 'those of the whole bank'}\n{APPLY_HINT}")


def _read(series: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.partition("=") for word in series]
    told = {"series": [{"series": code, "name": name} for code, _, name in pairs]}
    try:
        choices: list[SeriesChoice] = msgspec.convert(told, SeriesRequest).series
    except msgspec.ValidationError as error:
        raise click.UsageError(f"A series is a letter and a name, as A=个人业务: {error}") from error
    if len({one.series for one in choices}) < len(choices):
        raise click.UsageError("A series is named once.")
    return {one.series: one.name for one in choices}


def _check_branch(house: House, branch: str) -> None:
    org = house.store.read(lambda look: find_org(look.connection, branch)) if branch else None
    if branch and (org is None or org.level != "branch"):
        raise click.ClickException(f"There is no branch {branch}.")


def _say(names: dict[str, str]) -> str:
    return " ".join(f"{code}={name}" for code, name in names.items())
