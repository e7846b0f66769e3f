"""The demonstration bank's talking-point scripts (003-07): what to say, what to ask, where each answer leads."""

from collections.abc import Iterator, Mapping

from backend.domain.marketing.rules.words import LISTS
from backend.domain.visits.rules.stages import ELEMENTS, STAGES
from contracts.base import Body

NO: Body = {"text": "不需要", "next": "thanks", "stage": "refused"}
THANKS: Body = {"key": "thanks", "say": "好的，不打扰您。办完业务请收好凭证和随身物品。"}


def _talk(opening: str, question: str, offer: str, asks: str, booking: str) -> list[Body]:
    """Return a talk of the plainest form: open, find out, offer, book; every question takes a no."""
    return [
        {"key": "open", "say": opening, "ask": question, "answers": [{"text": "有", "next": "offer"}, NO]},
        {
            "key": "offer", "say": offer, "ask": asks,
            "answers": [
                {"text": "想办理", "next": "book", "stage": "interested"},
                {"text": "再考虑", "next": "thanks", "stage": "recommended"},
                NO,
            ],
        },
        {"key": "book", "say": booking, "answers": [{"text": "已约好", "stage": "reserved"}]},
        THANKS,
    ]  # fmt: skip


# code, title, codes of the products, steps
SCRIPTS: tuple[tuple[str, str, tuple[str, ...], list[Body]], ...] = (
    (
        "time_deposit", "资金到账后的定期存款", ("D102", "D103"),
        _talk(
            "您好，请问您今天办理什么业务？等候期间我可以先帮您看看。",
            "账上有没有暂时用不到的资金？",
            "整存整取利率固定、到期自动转存，提前支取按活期计息。",
            "一年期和三年期，您更看重灵活还是利率？",
            "我帮您先填好单，叫到号直接到柜台办理。",
        ),
    ),
    (
        "credit_card", "贷记卡", ("C302",),
        _talk(
            "您好，您平时在超市、加油站刷卡多吗？",
            "有没有用过贷记卡？",
            "乡情信用卡首年免年费，刷五次免次年年费，联盟商家有折扣。逾期会产生利息并影响征信。",
            "要不要先了解额度和还款日？",
            "申请资料我先帮您核对，稍后到柜台面签。",
        ),
    ),
    (
        "wealth", "理财产品（只介绍、不成交）", ("W401", "W402"),
        [
            {
                "key": "open", "say": "您好，理财产品不保本，须先做风险评估。", "ask": "您近一年做过风险评估吗？",
                "answers": [
                    {"text": "做过", "next": "offer"}, {"text": "没有", "next": "assess"}, NO,
                ],
            },
            {
                "key": "assess", "say": "我带您到专区先做评估，再决定是否了解产品。",
                "answers": [{"text": "同意", "stage": "referred"}, NO],
            },
            {
                "key": "offer", "say": "风险等级不高于您的评估结果的产品，可以到专区由专人介绍并录音录像。",
                "ask": "要不要约个时间？",
                "answers": [{"text": "约时间", "next": "book", "stage": "interested"}, NO],
            },
            {
                "key": "book", "say": "已为您预约专区，请带好身份证件。",
                "answers": [{"text": "已约好", "stage": "reserved"}],
            },
            THANKS,
        ],
    ),
    (
        "business_loan", "经营周转贷款", ("L201", "L202"),
        _talk(
            "您好，最近生意周转怎么样？",
            "近期有没有进货或扩建的打算？",
            "经营贷款最长三年，按用信天数计息。能否批准、利率多少以审批为准。",
            "要不要请客户经理上门看看？",
            "我帮您约客户经理，三个工作日内与您联系。",
        ),
    ),
    (
        "mobile_bank", "手机银行", ("E601",),
        _talk(
            "您好，您是来转账的吧？",
            "手机上有没有开通手机银行？",
            "手机银行转账免手续费，不用排队。请不要把验证码告诉任何人。",
            "要不要现在开通？",
            "我帮您先填好开通申请，叫到号后由柜员核验。",
        ),
    ),
    (
        "home_insurance", "家庭财产保险", ("I501",),
        _talk(
            "您好，今年台风雨水多。",
            "家里的房子有没有上过财产保险？",
            "家庭财产保险台风暴雨也赔，保险责任以条款为准，不是存款。",
            "要不要看看条款？",
            "我帮您约保险专员讲解条款。",
        ),
    ),
)  # fmt: skip


def list_scripts(product_ids: Mapping[str, str]) -> Iterator[Body]:
    """Return the scripts, which name their products by id; `product_ids` tells the id of each code."""
    for code, title, codes, steps in SCRIPTS:
        yield {"code": code, "title": title, "products": [product_ids[one] for one in codes], "steps": steps}


def list_code_lists() -> Iterator[Body]:
    """Return the bank's lists as they are shipped (001-06), and what a visit tells of each stage (003 §4.4)."""
    for code, listing in LISTS.items():
        choices = [
            {"code": entry.code, "name": entry.name} | ({"members": list(entry.members)} if entry.members else {})
            for entry in listing.entries
        ]
        yield {"code": code, "title": listing.title, "choices": choices}
    elements = [{"code": code, "name": f"{STAGES[code[:2]]}：{name}"} for code, name in ELEMENTS.items()]
    yield {"code": "visit_element", "title": "走访要素（003 §4.4）", "choices": elements}
