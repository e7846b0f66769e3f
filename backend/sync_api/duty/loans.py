"""The loans behind a duty: what the measured balance was made of."""

from backend.domain.compliance.queries.facts import load_loans
from backend.domain.compliance.rules.facts import Loan
from backend.domain.compliance.rules.kept import Kept
from backend.domain.compliance.rules.periods import Cadence
from backend.domain.compliance.rules.versions import Basis, RuleVersion
from backend.storage.snapshot import SqlSnapshot
from backend.sync_api.duty.report import Banks
from contracts.compliance import ShownBalance, ShownLoan


def loans_of(look: SqlSnapshot, kept: Kept, rule: RuleVersion, banks: Banks) -> list[ShownLoan]:
    """Return the customer's loans that ran in a duty's period, the oldest first, and whether the rule counts each."""
    found = load_loans(look.connection, [kept.customer_id], kept.first, banks).get(kept.customer_id, [])
    ran = [
        loan for loan in found
        if loan.opened_on <= kept.last and (loan.settled_on is None or loan.settled_on >= kept.first)
    ]  # fmt: skip
    return [_shown(loan, kept, _counts(loan, kept, rule, banks)) for loan in sorted(ran, key=_age)]


def _counts(loan: Loan, kept: Kept, rule: RuleVersion, banks: Banks) -> bool:
    if rule.cadence is Cadence.FIRST_CHECK and loan.loan_id != kept.detail.loan_id:
        return False
    if rule.basis is Basis.OWN_ORG:
        return loan.org_id == kept.org_id
    return loan.bank_id == banks.get(kept.org_id, kept.org_id)


def _shown(loan: Loan, kept: Kept, counts: bool) -> ShownLoan:
    known = [told for told in loan.balances if told[0] <= kept.last] or loan.balances[:1]  # it stands for days before
    balances = [ShownBalance(day=day.isoformat(), balance_fen=fen) for day, fen in known]
    return ShownLoan(
        loan_id=loan.loan_id, org_id=loan.org_id, opened_on=loan.opened_on.isoformat(),
        settled_on=loan.settled_on.isoformat() if loan.settled_on else None, contract_fen=loan.contract_fen,
        counts=counts, balances=balances,
    )  # fmt: skip


def _age(loan: Loan) -> tuple[str, str]:
    return loan.opened_on.isoformat(), loan.loan_id
