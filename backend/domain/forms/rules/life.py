"""The gate of a form's life (domain-rules.md §10): what must hold before a tablet may move or change it."""

from datetime import date

import msgspec

from backend.domain.forms.rules.checking import check_form, missing_papers
from backend.identity import BANK_TIME
from contracts.base import Body
from contracts.kinds.catalog import FormTemplate
from contracts.kinds.form import AT_COUNTER
from contracts.policy import Op
from sync.kind import Change
from sync.moments import read_moment

READY = frozenset({"complete", "confirmed", "bound"})  # whoever says so must be right
WORDS_MAX = 20


def objection(change: Change) -> str | None:
    """Return what stands against a change of a form in plain words, or None.

    Whether something lacks is told by the template of the form's own version; a server that does not have it takes the
    form as it is, so that nothing typed is lost.
    """
    if change.op is not Op.TRANSITION and change.before["state"] in AT_COUNTER:
        return "此单已交柜台或已结束，不能再修改"
    if change.op is Op.DELETE:
        return None
    if wrong := _unsaid(change.after) if change.op is Op.TRANSITION else None:
        return wrong
    template = template_of(change.after, change.look("form_template", change.after["template_id"]))
    return _lacking(template, change.after, change.at) if template and change.after["state"] in READY else None


def template_of(form: Body, template: Body | None) -> FormTemplate | None:
    """Return the template of a form's own version, or None if the one that is here is another."""
    if template is None or template["template_version"] != form["template_version"]:
        return None
    return msgspec.convert(template, FormTemplate)


def business_date_of(at: str) -> date:
    """Return the bank's day in which a moment lies."""
    moment = read_moment(at)
    assert moment is not None, at
    return moment.astimezone(BANK_TIME).date()


def _unsaid(form: Body) -> str | None:
    """A teller who rejects says why, and what a teller changes is signed again."""
    if form["state"] == "rejected" and not form["reject_reason"].strip():
        return "退回须说明原因"
    if form["state"] == "changed" and not form["resigned_at"]:
        return "柜员修改后须由客户重新签字"
    return None


def _lacking(template: FormTemplate, form: Body, at: str) -> str | None:
    """Name all that lacks; papers are looked at before the customer confirms."""
    words = [lack.words for lack in check_form(template, form["values"], business_date_of(at))]
    if form["state"] != "complete":
        words += [f"缺少材料：{paper.name}" for paper in missing_papers(template, form["values"], form["papers"])]
    return "；".join(words[:WORDS_MAX]) or None
