"""The words of a month's workbook, in Chinese and English: headings, statuses, verdicts, and what they mean."""

from collections.abc import Mapping

from backend.sync_api.duty.definitions import DEFINITIONS

# Beside the word that everything else uses, each column has a Chinese one.
HEADINGS: Mapping[str, str] = {
    **{name: text.partition(" · ")[0] for name, text in DEFINITIONS.items()},
    "org_id": "机构号",
    "org_name": "机构",
    "owner": "客户经理",
    "code": "规则",
    "customer_id": "客户编号",
    "period": "期间",
    "first": "起",
    "last": "止",
    "measured_yuan": "计量余额（元）",
    "counted": "有效次数",
    "pending": "待复核次数",
    "status": "状态",
    "workdays": "工作日",
    "eligible_workdays": "应计工作日",
    "shares": "责任分摊",
    "visits": "走访明细",
    "rule_id": "规则版本",
    "calendar": "日历",
    "state": "月份状态",
}

# status → in Chinese, and what it means
STATUSES: Mapping[str, tuple[str, str, str]] = {
    "done": ("已完成", "有效次数已达到应走访次数", "as many visits counted as are required"),
    "on_track": ("进行中", "期间未结束，时间充足", "the period runs, and there is time enough"),
    "at_risk": (
        "有风险",
        "剩余工作日不足所缺次数的两倍",
        "fewer than two working days are left for each missing visit",
    ),
    "short": ("未完成", "期间已结束，次数仍不足", "the period is over and visits are missing"),
    "pending_review": (
        "待复核",
        "待复核的走访全部通过后即可完成",
        "would be done if all visits under review were accepted",
    ),
    "exempt": ("豁免", "由他人审批豁免", "released: asked for by one person, approved by another"),
}

# What the duties' own columns mean, in English; what those of the figures mean, the report tells.
DUTY_MEANINGS: Mapping[str, str] = {
    "measured_yuan": "the balance held against the rule's threshold, of the day or the days that the rule measures",
    "counted": "visits that count; more than required make good for no other customer",
    "pending": "how many more would count if every visit under review were accepted",
    "eligible_workdays": "working days on which the running loans were enough for the duty",
    "shares": "required visits of each owner (and eligible days), where the customer was handed over",
    "visits": "every visit of the period: day, visitor, and what it is to the duty",
}

CHINESE_MEANINGS: Mapping[str, str] = {
    "duties": "按规则本期应当走访的客户，每户只计一次，计入承担次数最多的客户经理",
    "done": "有效次数已达到应走访次数的客户",
    "pending_review": "待复核的走访全部通过后即可完成的客户",
    "at_risk": "剩余工作日不足所缺次数的两倍",
    "short": "期间已结束，次数仍不足",
    "exempt": "由他人审批豁免，不计入其他任何指标",
    "required": "应走访的次数；贷款在期间内发放或结清的，按工作日折算",
    "fulfilled": "Σ min（有效次数，应走访次数）；一户超额不能弥补另一户",
    "owed": "客户经理应承担的次数；期间内移交的客户按天数分摊",
    "paid": "在本人管户期间完成的有效次数，不论由谁走访，以责任次数为限",
    "credited": "本人走访并计入的次数，不论由谁承担",
    "unconfirmed": "工作日尚无国务院通知确认的客户数",
    "rate": "有效完成次数 ÷ 应走访次数",
    "rate_owed": "责任完成次数 ÷ 责任次数",
    "share_done": "全部完成的客户 ÷ 应走访客户数",
    "state": "open：本月进行中；provisional：已月结，等待迟到的平板；final：终结，之后的变化记为修订",
    "measured_yuan": "与规则门槛比较的余额，取规则规定的日期",
    "counted": "计入的走访次数；超出应走访次数的部分不能弥补其他客户",
    "pending": "待复核的走访全部通过后还可计入的次数",
    "eligible_workdays": "贷款余额达到门槛的工作日",
    "shares": "期间内移交的客户：各客户经理承担的次数（及应计工作日）",
    "visits": "本期每一次走访：日期、走访人、是否计入",
}

# verdict → in Chinese, and what it means
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "counted": ("计入", "计入有效次数", "the visit counts"),
    "pending": ("待复核", "主管复核通过后计入", "would count if a supervisor accepted it"),
    "rejected": ("已退回", "主管复核未通过", "a supervisor rejected it"),
    "wrong_type": (
        "方式不符",
        "规则要求上门，这次是电话或视频",
        "a call or a video, where the rule wants a visit on site",
    ),
    "amended": ("已更正", "另有更正后的记录", "another visit stands in its place"),
    "no_content": ("内容不足", "字数少于规则要求", "fewer letters and digits than the rule asks"),
    "no_coordinate": ("无坐标", "签到时没有定位", "no location at check-in"),
    "not_a_manager": ("非管户", "走访人本期未管过该客户", "by somebody who never managed the customer then"),
    "same_day": ("同日重复", "当天已有一次计入", "another visit of that day counts"),
    "too_soon": ("间隔不足", "距上一次计入的走访太近", "within the rule's gap after one that counts"),
}
