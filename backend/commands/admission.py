"""Who comes in and who is shut out: institutions, the first administrator, enrolment codes, revocation."""

import sys
from collections.abc import Callable
from uuid import uuid4

import click
from sqlalchemy import Connection

from backend.app import House
from backend.auth import partners
from backend.auth.enrolment import make_enrolment_code
from backend.auth.partners import PartnerSort, find_partner
from backend.auth.revocation import revoke_install, revoke_staff
from backend.auth.staffing import NewStaff
from backend.auth.staffing import add_staff as hire
from backend.commands.workplace import APPLY, APPLY_HINT, opened
from backend.domain.devices.queries import find_install
from backend.domain.orgs import queries as orgs
from backend.domain.orgs.queries import OrgRow
from backend.domain.staff.queries import find_staff
from backend.identity import Role
from sync.errors import NotFound
from sync.puts import Put

BY = "operator"
PARENT_LEVEL = {"bank": "union", "branch": "bank"}


@click.command("add-org")
@click.argument("org_id")
@click.argument("name")
@click.option("--level", type=click.Choice(orgs.LEVELS), required=True)
@click.option("--parent", help="The institution above it; the union has none.")
@click.option("--lat", type=click.FloatRange(-90, 90))
@click.option("--lon", type=click.FloatRange(-180, 180))
def add_org(org_id: str, name: str, level: str, parent: str | None, lat: float | None, lon: float | None) -> None:
    """Add an institution: the union first, then its banks, then their branches."""
    row = OrgRow(org_id=org_id, name=name, level=level, parent=parent, lat=lat, lon=lon)
    with opened() as house:
        _check_place(house, row)
        house.store.write(lambda unit: orgs.add_org(unit.connection, row))
        body = {field: value for field in row.__struct_fields__ if (value := getattr(row, field)) is not None}
        house.engine.put_records([Put(kind="org", id=str(uuid4()), body=body)], BY)
    click.echo(f"{level} {org_id} {name} is there.")


@click.command("create-admin")
@click.argument("staff_no")
@click.argument("name")
@click.option("--org-id", required=True, help="The institution that they answer for, with all below it.")
def create_admin(staff_no: str, name: str, org_id: str) -> None:
    """Add an administrator, who adds everybody else. The password comes from a prompt, or from standard input."""
    with opened() as house:
        password = _read_password()
        person = NewStaff(staff_no=staff_no, name=name, org_id=org_id, roles=frozenset({Role.ADMINISTRATOR.value}))
        hire(house.auth, person, password, BY, is_initial=False)
    click.echo(f"{staff_no} administers {org_id}. They need a tablet or a desk: `padsync enrolment-code {org_id}`.")


@click.command("enrolment-code")
@click.argument("org_id")
@click.option("--device", metavar="DEVICE_ID", help="Bring a known device back with a new key.")
@click.option("--count", type=click.IntRange(1, 100), default=1, show_default=True)
def enrolment_code(org_id: str, device: str | None, count: int) -> None:
    """Make codes that let tablets of an institution in, each once; they are shown this once."""
    with opened() as house:
        made = [make_enrolment_code(house.auth, org_id, BY, device) for _ in range(count)]
    for code in made:
        click.echo(code.code)
    click.echo(f"Good for {org_id} until {made[0].expires_at}.", err=True)


@click.command("add-partner")
@click.argument("sort", type=click.Choice([sort.value for sort in PartnerSort]))
@click.argument("org_id")
@click.argument("name")
def add_partner(sort: str, org_id: str, name: str) -> None:
    """Add a queue machine of a branch, or a teller system of an institution. Its key is shown this once."""
    with opened() as house:
        made = partners.add_partner(house.auth, PartnerSort(sort), org_id, name, BY)
    click.echo(made.key)
    click.echo(f"The key of {made.partner.partner_id} ({sort}, {org_id}). It is kept nowhere else.", err=True)


@click.group()
def revoke() -> None:
    """Shut an install, a person or a partner out, from the next request on; tablets are ordered to purge."""


REASON = click.option("--reason", default="", help="Goes into the audit log.")


@revoke.command("install")
@click.argument("install_id")
@REASON
@APPLY
def revoke_one_install(install_id: str, reason: str, is_applied: bool) -> None:
    """Shut out one install, as when a tablet is lost."""
    with opened() as house:
        _check_known(house, find_install, install_id=install_id)
        if is_applied:
            revoke_install(house.auth, install_id, BY, reason)
    _tell(f"Install {install_id}", is_applied, "shut out and ordered to purge everything")


@revoke.command("person")
@click.argument("staff_no")
@REASON
@APPLY
def revoke_one_person(staff_no: str, reason: str, is_applied: bool) -> None:
    """Shut out one person, as when they leave."""
    with opened() as house:
        _check_known(house, find_staff, staff_no=staff_no)
        if is_applied:
            revoke_staff(house.auth, staff_no, BY, reason)
    _tell(staff_no, is_applied, "shut out, and the tablets they used last would purge")


@revoke.command("partner")
@click.argument("partner_id")
@REASON
@APPLY
def revoke_one_partner(partner_id: str, reason: str, is_applied: bool) -> None:
    """Shut out a queue machine or a teller system, as when its key got about."""
    with opened() as house:
        _check_known(house, find_partner, partner_id=partner_id)
        if is_applied:
            partners.revoke_partner(house.auth, partner_id, BY, reason)
    _tell(f"Partner {partner_id}", is_applied, "shut out")


def _check_known(house: House, find: Callable[[Connection, str], object | None], **named: str) -> None:
    """Refuse what is not there; `named` is the one thing that is asked about, by its word on the wire."""
    (name,) = named.values()
    if house.store.read(lambda look: find(look.connection, name)) is None:
        raise NotFound(**named)


def _tell(who: str, is_applied: bool, foreseen: str) -> None:
    click.echo(f"{who} is shut out." if is_applied else f"{who} would be {foreseen}. {APPLY_HINT}")


def _check_place(house: House, row: OrgRow) -> None:
    """Refuse an institution that is there, or whose parent is not the next level up."""
    known = {org.org_id: org for org in house.store.read(lambda look: orgs.list_orgs(look.connection))}
    wanted = PARENT_LEVEL.get(row.level)
    above = known.get(row.parent or "")
    if row.org_id in known:
        raise click.ClickException(f"{row.org_id} is there already.")
    if (above.level if above else None) != wanted:
        raise click.UsageError(
            f"a {row.level} needs --parent, an existing {wanted}" if wanted else "a union has no parent"
        )


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
