"""The words in which staff read why something is offered, and the bank's lists as they are shipped (001-06)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

FAMILIES = {
    "deposit": "存款", "loan": "贷款", "card": "银行卡", "wealth": "理财", "insurance": "保险", "channel": "电子渠道",
}  # fmt: skip
CLASSES = {"deposit": "存款客户", "loan": "贷款及贷记卡客户", "key": "重点客户"}  # 001-09
SORTS = {
    "large_inflow": "大额资金流入", "large_outflow": "大额资金流出", "frequent_transfer": "频繁转账他行",
    "account_closed": "存款销户", "card_large_spending": "贷记卡大额消费", "loan_due": "贷款到期",
    "loan_instalment_due": "贷款还款到期", "card_payment_due": "贷记卡还款到期", "loan_interest_owed": "贷款欠息",
    "loan_overdue": "贷款逾期", "loan_downgraded": "贷款五级下调", "card_overdue": "贷记卡逾期",
    "certificate_expires": "证件即将到期",
}  # fmt: skip
# Service comes before sales as long as one of these is open (001-16).
OVERDUE = frozenset({"loan_interest_owed", "loan_overdue", "loan_downgraded", "card_overdue"})


class Entry(NamedTuple):
    """One entry of a list; `members` are the finer codes that it groups."""

    code: str
    name: str
    members: Sequence[str] = ()


class CodeListing(NamedTuple):
    """A list as it is shipped; a bank changes names and adds entries in its catalog."""

    title: str
    entries: Sequence[Entry]


# The document has these as a picture; the counts are its own, the names come from 001-13 to 001-16.
LISTS: Mapping[str, CodeListing] = {
    "potential_label": CodeListing(
        "潜力客户标签",
        (
            Entry("deposit_potential", "存款潜力"), Entry("loan_potential", "贷款潜力"),
            Entry("card_potential", "贷记卡潜力"), Entry("wealth_potential", "理财潜力"),
            Entry("insurance_potential", "保险潜力"), Entry("channel_potential", "电子银行潜力"),
        ),
    ),
    "reminder_kind": CodeListing(
        "提醒信息",
        (
            Entry(
                "deposit_change", "存款变动提醒",
                ("large_inflow", "large_outflow", "frequent_transfer", "account_closed"),
            ),
            Entry("card_change", "贷记卡资金变动提醒", ("card_large_spending",)),
            Entry("maturity", "到期提醒", ("loan_due", "loan_instalment_due", "card_payment_due")),
            Entry("overdue", "逾期提醒", ("loan_interest_owed", "loan_overdue", "loan_downgraded", "card_overdue")),
            Entry("certificate", "证件到期提醒", ("certificate_expires",)),
        ),
    ),
    "query_dimension": CodeListing(
        "客户查询条件",
        (
            Entry("customer_class", "客户类别"), Entry("level", "客户等级"), Entry("host_org", "主办机构"),
            Entry("assist_org", "协办机构"), Entry("host_portfolio", "主办客户经理"), Entry("product", "持有产品"),
            Entry("deposit_balance", "存款余额"), Entry("loan_balance", "贷款余额"),
            Entry("potential_label", "潜力标签"), Entry("reminder_kind", "提醒信息"),
        ),
    ),
    "marketing_indicator": CodeListing(
        "营销指标",
        (
            Entry("approached", "接触人次"), Entry("recommended", "推荐次数"), Entry("interested", "意向次数"),
            Entry("reserved", "预约次数"), Entry("done", "办成次数"), Entry("refused", "拒绝次数"),
            Entry("reached", "覆盖客户数"),
        ),
    ),
}  # fmt: skip
