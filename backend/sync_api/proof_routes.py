"""The route of those who prove visits to outsiders: one institution's month as a file."""

import io
import zipfile
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter

from backend.domain.handoffs.proof import export_month
from backend.domain.orgs.queries import orgs_below
from backend.identity import Role, require
from backend.storage.snapshot import SqlSnapshot
from backend.storage.sql_store import SqlStore
from backend.sync_api.door import SyncDoor
from contracts.auth import PRINTABLE
from contracts.base import MONTH_PATTERN
from sync.engine import Engine
from sync.errors import NotFound
from sync.kind import Actor
from sync.moments import write_moment
from sync.store import AuditEntry

READERS = (Role.SUPERVISOR, Role.AUDITOR)
ZIP = "application/zip"


class ProofDesk:
    """Exports evidence for those who answer for an area, and notes that they took it."""

    def __init__(self, engine: Engine, store: SqlStore) -> None:
        self._engine = engine
        self._store = store

    def export(self, actor: Actor, org_id: str, month: str) -> bytes:
        """Return a month of an institution in the actor's area as a zip. Raises Forbidden, NotFound."""
        require(actor, *READERS)
        at = write_moment(self._engine.clock())
        files = self._store.read(lambda look: self._files(look, actor, org_id, month, at))
        entry = AuditEntry(
            stream=f"org:{org_id}", at=at, actor=actor.staff_no, action="evidence_exported", subject=month
        )  # fmt: skip
        self._store.write(lambda unit: unit.audit(entry))
        return write_zip(files)

    def _files(self, look: SqlSnapshot, actor: Actor, org_id: str, month: str, at: str) -> dict[str, bytes]:
        if org_id not in orgs_below(look.connection, actor.org_id):
            raise NotFound(org=org_id)
        return export_month(look, org_id, month, server_key=self._engine.server_key, made_at=at)


def write_zip(files: dict[str, bytes]) -> bytes:
    """Return files as a zip without compression: a flipped bit stays where it is and can be named."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return into.getvalue()


@get("/visits/evidence/{org:str}/{month:str}", tags=["visits"], media_type=ZIP)
async def export_evidence(
    org: Annotated[str, PathParameter(max_length=20, pattern=PRINTABLE)],
    month: Annotated[str, PathParameter(pattern=MONTH_PATTERN)],
    actor: NamedDependency[Actor],
    door: NamedDependency[SyncDoor],
    proof_desk: NamedDependency[ProofDesk],
) -> Response[bytes]:
    """An institution's evidence that arrived in a month, and what proves it: for `padsync verify-evidence`."""
    content = await door.run(proof_desk.export, actor, org, month)
    name = f"evidence-{org}-{month}.zip"
    about = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=ZIP, headers=about)


PROOF_ROUTES = [export_evidence]
