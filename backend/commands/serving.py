"""Serving, and bringing the database to this version's schema."""

import os
from pathlib import Path

import click

from backend.commands.workplace import check_migrated, plain_words, settings_here
from backend.migrations import migrate as migrate_database
from backend.serve import run_server
from backend.settings import Settings


@click.command()
@click.option("--migrate", "is_migrating", is_flag=True, help="Bring the database to this version's schema first.")
def serve(is_migrating: bool) -> None:
    """Serve tablets until told to stop (SIGTERM or Ctrl-C)."""
    settings = settings_here()
    with plain_words():
        if is_migrating:
            _migrate(settings)
        check_migrated(settings)
    click.echo(f"padsync listens on http://{settings.host}:{settings.port} (docs at /docs, process {os.getpid()})")
    run_server(settings)


@click.command()
def migrate() -> None:
    """Bring the database to this version's schema; safe to repeat, and from several machines at once."""
    settings = settings_here()
    with plain_words():
        _migrate(settings)
    click.echo("The database is at this version's schema.")


def _migrate(settings: Settings) -> None:
    if not settings.database_url:
        Path(settings.data_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate_database(settings.database)
