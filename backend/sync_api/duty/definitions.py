"""What every figure of a month report means, in the words that stand beside it."""

DEFINITIONS = {
    "duties": "应走访客户数 · duties that ask for a visit, each counted once, at the owner who owes most of it",
    "done": "全部完成 · duties with as many counted visits as are required",
    "pending_review": "待复核 · duties that would be done if all visits under review were accepted",
    "at_risk": "有风险 · fewer than two working days are left for each missing visit",
    "short": "未完成 · the period is over and visits are missing",
    "exempt": "豁免 · released by a second person; stands in no other figure",
    "required": "应走访次数 · visits required, prorated by working days where a loan began or ended in the period",
    "fulfilled": "有效完成次数 · Σ min(counted, required): surplus with one customer makes good for no other",
    "owed": "责任次数 · what the owner owes, split by days where a customer was handed over",
    "paid": "责任完成次数 · counted visits on the owner's days, by whoever made them, up to what is owed",
    "credited": "个人走访次数 · counted visits that this person made, whoever owed them",
    "unconfirmed": "日历未确认 · duties whose working days no State Council notice confirms yet",
    "rate": "完成率 · fulfilled / required",
    "rate_owed": "责任完成率 · paid / owed",
    "share_done": "客户完成率 · done / duties",
    "state": "open: the month runs · provisional: it is over, late tablets may come · final: changes are revisions",
}

UNCONFIRMED = "日历未确认 · No notice confirms the working days of this period: Monday to Friday are taken as worked."
