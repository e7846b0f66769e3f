"""The demonstration bank's products, and what recommends them."""

from contracts.base import Body

# code, name, family, risk (0 none, else R1–R5), pitch
PRODUCTS = (
    ("D101", "活期存款", "deposit", 0, "随存随取。"),
    ("D102", "整存整取一年", "deposit", 0, "利率固定，到期自动转存。"),
    ("D103", "整存整取三年", "deposit", 0, "三年期，适合长期不用的资金。"),
    ("L201", "农户小额贷款", "loan", 0, "十万元以内，信用方式，随借随还。"),
    ("L202", "个人经营贷款", "loan", 0, "商户周转，最长三年。"),
    ("L203", "住房按揭贷款", "loan", 0, "最长三十年。"),
    ("C301", "福万通借记卡", "card", 0, "免年费。"),
    ("C302", "乡情信用卡", "card", 0, "首年免年费，消费五次免次年年费。"),
    ("W401", "稳健理财三个月", "wealth", 2, "中低风险，不保本。"),
    ("W402", "平衡理财一年", "wealth", 3, "中风险，不保本。"),
    ("I501", "家庭财产保险", "insurance", 0, "台风暴雨也赔。"),
    ("E601", "手机银行", "channel", 0, "转账免手续费。"),
)

# What the recommendation needs to know of them: code → fields. Where nothing is said, defaults hold.
OFFERING: dict[str, Body] = {
    "D101": {"is_repeatable": True, "is_marketed": False},
    "D102": {"is_repeatable": True, "talk_min": 4, "labels": ["deposit_potential"], "after": ["large_inflow"]},
    "D103": {
        "is_repeatable": True, "talk_min": 5, "labels": ["deposit_potential"], "beside": ["deposit"],
        "after": ["large_inflow"],
    },
    "L201": {"age_min": 18, "age_max": 65, "talk_min": 8, "labels": ["loan_potential"], "sold_at": ["3501", "3508"]},
    "L202": {
        "age_min": 18, "age_max": 65, "talk_min": 10, "labels": ["loan_potential"], "beside": ["deposit", "card"],
        "after": ["loan_due"],
    },
    "L203": {"age_min": 18, "age_max": 65, "is_marketed": False, "talk_min": 15},
    "C301": {"talk_min": 3, "beside": ["deposit"]},
    "C302": {
        "age_min": 18, "age_max": 65, "talk_min": 6, "labels": ["card_potential"], "beside": ["deposit", "card"],
        "after": ["card_large_spending"],
    },
    "W401": {
        "age_min": 18, "is_repeatable": True, "talk_min": 10, "labels": ["wealth_potential"], "beside": ["deposit"],
        "after": ["large_inflow", "account_closed"],
    },
    "W402": {
        "age_min": 18, "is_repeatable": True, "talk_min": 12, "labels": ["wealth_potential"], "beside": ["wealth"],
        "after": ["large_inflow"],
    },
    "I501": {"age_min": 18, "talk_min": 6, "labels": ["insurance_potential"], "beside": ["loan"]},
    "E601": {
        "age_min": 16, "talk_min": 3, "labels": ["channel_potential"], "beside": ["deposit", "card"],
        "after": ["frequent_transfer", "large_outflow"],
    },
}  # fmt: skip
