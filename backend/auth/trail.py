"""What people and administrators do is written into the audit chain of their institution or their own (MLPS)."""

from collections.abc import Mapping
from typing import Any

from backend.storage.unit import SqlUnit
from sync.store import AuditEntry


def note_of_org(
    unit: SqlUnit, org_id: str, actor: str, action: str, at: str,
    *, subject: str = "", result: str = "ok", detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write into an institution's stream."""
    _note(unit, f"org:{org_id}", actor, action, at, subject, result, detail)


def note_of_staff(
    unit: SqlUnit, staff_no: str, actor: str, action: str, at: str,
    *, subject: str = "", result: str = "ok", detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write into a person's stream."""
    _note(unit, f"staff:{staff_no}", actor, action, at, subject, result, detail)


def _note(
    unit: SqlUnit, stream: str, actor: str, action: str, at: str,
    subject: str, result: str, detail: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    unit.audit(
        AuditEntry(
            stream=stream, at=at, actor=actor, action=action, subject=subject, result=result, detail=detail or {}
        )
    )
