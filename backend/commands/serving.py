"""Serving, and bringing the database to this version's schema."""

import os

import click

from backend.commands.workplace import (
    check_migrated,
    check_port,
    check_writable,
    plain_words,
    prepare_database,
    settings_here,
)
from backend.serve import run_server


@click.command()
@click.option("--migrate", "is_migrating", is_flag=True, help="Bring the database to this version's schema first.")
def serve(is_migrating: bool) -> None:
    """Serve tablets until told to stop (SIGTERM or Ctrl-C)."""
    settings = settings_here()
    check_port(settings)
    if is_migrating:
        prepare_database(settings)
    with plain_words():
        check_writable(settings)
        check_migrated(settings)
    click.echo(f"padsync listens on http://{settings.host}:{settings.port} (docs at /docs, process {os.getpid()})")
    run_server(settings)


@click.command()
def migrate() -> None:
    """Bring the database to this version's schema; safe to repeat, and from several machines at once."""
    prepare_database(settings_here())
    click.echo("The database is at this version's schema.")
