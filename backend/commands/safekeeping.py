"""Backup, restore, compaction and the audit log."""

from pathlib import Path

import click

from backend.commands.feeds import count_droppable
from backend.commands.workplace import (
    APPLY,
    APPLY_HINT,
    alone,
    check_there,
    make_place,
    opened,
    plain_words,
    progress_bar,
    settings_here,
)
from backend.migrations import migrate_connection
from backend.storage import backup as safe
from backend.storage.archive import ArchiveReader, BackupBroken
from backend.storage.audit import AuditReport, make_anchor
from backend.storage.audit import verify_audit as read_again


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database into one compressed, checksummed FILE while the server works."""
    settings = settings_here()
    with plain_words():
        check_there(settings)
        header = safe.backup(settings.database, file, progress_bar("backup"))
    size = file.stat().st_size
    click.echo(f"{file}: {size:,} bytes, {header.database}, schema {header.revision}, made {header.made_at}")
    click.echo("It holds personal data and the server's keys: keep it where both are safe.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@APPLY
def restore(file: Path, is_applied: bool) -> None:
    """Make the database what FILE holds, as a new epoch: tablets send again what the backup lacks.

    Stop the servers first: nothing is done while one works. Everything that is in the database now is replaced.
    """
    settings = settings_here()
    with plain_words():
        try:
            header = ArchiveReader(file).header
            click.echo(f"{file}: {header.database}, schema {header.revision}, made {header.made_at}")
            if not is_applied:
                click.echo(APPLY_HINT)
                return
            make_place(settings)
            with alone(settings):
                epoch = safe.restore(
                    file, settings.database, migrate_connection, is_overwriting=True,
                    number_gap=settings.number_restore_gap, progress=progress_bar("restore"),
                )  # fmt: skip
        except BackupBroken as error:
            raise click.ClickException(f"{file}: {error}") from error
    click.echo(f"Restored as epoch {epoch}. Run `padsync migrate`, then start the servers.")


@click.command()
@APPLY
def compact(is_applied: bool) -> None:
    """Drop feed rows that no living tablet needs any more; the server does so every day by itself."""
    with opened() as house:
        if not is_applied:
            since_d = house.settings.compaction_horizon_d
            click.echo(f"{count_droppable(house.store, house.engine.clock(), since_d)} feed rows would go.")
            click.echo(APPLY_HINT)
            return
        report = house.engine.compact(progress_bar("compact"))
    click.echo(f"{report.rows} feed rows dropped from {len(report.dropped)} buckets.")


@click.command("verify-audit")
@click.option("--trusted", multiple=True, metavar="HASH", help="An anchor's hash that was kept elsewhere.")
@click.option(
    "--anchor", "is_anchoring", is_flag=True, help="If all is whole, seal it; print the hash to keep elsewhere."
)
def verify_audit(trusted: tuple[str, ...], is_anchoring: bool) -> None:
    """Recompute every audit chain; exit code 1 names the first broken row of each."""
    with opened() as house:
        report = read_again(house.store.engine, trusted=trusted, progress=progress_bar("audit"))
        _tell(report)
        if is_anchoring:
            anchor = make_anchor(house.store, house.auth.now())
            click.echo(f"anchor {anchor.ordinal}: {anchor.hash}")


def _tell(report: AuditReport) -> None:
    for broken in report.broken:
        click.echo(f"BROKEN {broken.stream} at {broken.position}: {broken.reason}", err=True)
    if not report.is_whole:
        raise click.ClickException(f"Broken streams: {len(report.broken)}.")
    click.echo(f"{report.streams} streams, {report.entries} entries and {report.anchors} anchors are whole.")
