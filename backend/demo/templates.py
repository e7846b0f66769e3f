"""The form templates that the product ships: fields, lengths and codes of requirements.md 003 §3.1, to the letter.

A bank replaces them by records of its own. None has a field for a password or PIN; accounts and cards stand with their
last four digits only (requirements.md, section 2), certificates in full as long as the form is open.
"""

from typing import Any

import msgspec

from contracts.base import Body
from contracts.kinds.template import Condition, ListCode, Paper, TemplateField, TemplateList

Field = TemplateField


def when(key: str, *among: bool | int | str) -> Condition:
    """Return the condition that a field has one of these values, or any."""
    return Condition(key=key, among=list(among))


def _codes(text: str, **also: str) -> list[ListCode]:
    """Return codes written as `10未婚 20已婚`; `also` names other spellings, as `m="1"`."""
    pairs = [_split(word) for word in text.split()]
    return [
        ListCode(code=code, name=name, also=[word for word, known in also.items() if known == code])
        for code, name in pairs
    ]


def _split(word: str) -> tuple[str, str]:
    code = word[: next(at for at, letter in enumerate(word) if not letter.isascii())]
    return code, word[len(code) :]


LISTS: dict[str, list[ListCode]] = {
    "gender": _codes("1男 2女", M="1", F="2"),
    "marital": _codes("10未婚 20已婚 90未说明"),
    "certificate_kind": _codes(
        "10身份证 11户口簿 12护照 13军官证 14士兵证 15香港居民身份证 16澳门居民身份证 17台胞身份证 18香港回乡证"
        " 19澳门回乡证 20台湾同胞来往内地通行证 21临时身份证 22外国人居留证 23警官证 99其它"
    ),
    "education": _codes("10研究生 20大学本科 30大专 40中专 50技术学校 60高中 70初中 80小学 90文盲或半文盲 99未知"),
    "degree": _codes("0其他 1名誉博士 2博士 3硕士 4学士 9未知"),
    "occupation": [
        # The printed 10 is an artefact of code 0; both are accepted.
        ListCode(code="0", name="国家机关、党群组织、企事业单位负责人", also=["10"]),
        *_codes(
            "1专业技术人员 3办事人员 4商业、服务业人员 5农林牧渔水利生产人员 6生产、运输设备操作人员"
            " X军人 Y不便分类 Z未知"
        ),
    ],
    "employer_kind": _codes("01企业法人 02企业非法人 03个体工商户 04行政事业单位 05国家机关 06社会团体 07军队"),
    "title": _codes("0无 1高级 2中级 3初级 9未知"),
    "living": _codes("1自置 2按揭 3亲属楼宇 4集体宿舍 5租房 6共有 7其他 9未知"),
    "best_way": _codes("1家庭 2单位 3移动 4小灵通 5邮件 6书信"),
    "best_part": _codes("1上午 2下午 3晚上"),
    "investor": _codes("10谨慎 20稳健 30平衡 40进取 50投资"),
    "relative": _codes("05父母 06子女 07配偶 08兄弟姐妹 09祖父母 10孙子女 11其他亲属"),
    "guarantee": _codes("1信用 2保证 3抵押 4质押"),
    "loan_kind": _codes("1农户小额贷款 2个人经营贷款 3住房按揭贷款 4消费贷款"),
    "repayment": _codes("1等额本息 2等额本金 3按月付息到期还本 4到期一次还本付息"),
    "way": _codes("1现金 2转账"),
    "arrival": _codes("0实时 1普通 2次日"),
    "card_kind": _codes("1福万通借记卡 2社会保障卡 3单位结算卡"),
    "deposit_kind": _codes("1整存整取 2零存整取 3整存零取 4存本取息 5通知存款"),
    "term": _codes("03三个月 06六个月 12一年 24两年 36三年 60五年"),
    "currency": _codes("CNY人民币 HKD港币 USD美元"),
    "rollover": _codes("0不转存 1本息转存 2本金转存"),
    "company_change": _codes("1名称 2法定代表人 3注册资本 4注册地址 5经营范围 6预留印鉴 7联系方式"),
    "company_certificate": _codes(
        "1营业执照 2组织机构代码证 3国税登记证 4地税登记证 5法人身份证 6基本账户核准 7临时账户核准"
    ),
    "loss": _codes("1遗失 2被盗 3损坏"),
}

# --- fields that many forms share

NAME = Field(key="name", label="客户名称", length_max=160, is_required=True, prefill="name", privacy="C2")
GENDER = Field(key="gender", label="性别", type="choice", code_list="gender", prefill="gender")
BIRTH = Field(key="birth_date", label="出生日期", type="date", privacy="C2")
CERTIFICATE = (
    Field(
        key="certificate_kind", label="证件类型", type="choice", code_list="certificate_kind", is_required=True
    ),
    Field(
        key="certificate_no", label="证件号码", type="certificate", length_max=40, kind_key="certificate_kind",
        is_required=True, privacy="C2",
    ),
    Field(key="certificate_until", label="证件有效期至", type="date"),
)  # fmt: skip
PHONE = Field(
    key="phone", label="移动电话", type="phone", length_max=35, is_required=True, prefill="contact.phone",
    corrects="phone", privacy="C2",
)  # fmt: skip
HOME = (
    Field(
        key="home_address", label="家庭地址", type="address", length_max=80, is_required=True,
        prefill="contact.home_address", corrects="home_address", privacy="C2",
    ),
    Field(key="home_postcode", label="家庭邮编", type="postcode"),
    Field(
        key="home_phone", label="家庭联系电话", type="phone", length_max=35, prefill="contact.home_phone",
        corrects="home_phone", privacy="C2",
    ),
)  # fmt: skip
MAIL = (
    Field(
        key="mail_address", label="通讯地址", type="address", length_max=80, prefill="contact.mail_address",
        same_as="home_address", corrects="mail_address", privacy="C2",
    ),
    Field(key="mail_postcode", label="通讯邮编", type="postcode", same_as="home_postcode"),
)  # fmt: skip
EMAIL = Field(
    key="email", label="邮件", type="email", length_max=40, prefill="contact.email", corrects="email", privacy="C2"
)  # fmt: skip
MARITAL = Field(
    key="marital_status", label="婚姻状况", type="choice", code_list="marital", prefill="contact.marital_status",
    corrects="marital_status",
)  # fmt: skip
EDUCATION = Field(
    key="education", label="最高学历", type="choice", code_list="education", prefill="contact.education",
    corrects="education",
)  # fmt: skip
WORK = (
    Field(
        key="occupation", label="职业", type="choice", code_list="occupation", is_required=True,
        prefill="contact.occupation", corrects="occupation",
    ),
    Field(
        key="employer", label="工作单位", length_max=160, prefill="contact.employer", corrects="employer", privacy="C2"
    ),
    Field(key="employer_kind", label="单位性质", type="choice", code_list="employer_kind", shown_when=when("employer")),
    Field(key="employer_address", label="单位地址", type="address", length_max=60, shown_when=when("employer")),
    Field(key="employer_postcode", label="单位邮编", type="postcode", shown_when=when("employer")),
    Field(
        key="work_phone", label="单位联系电话", type="phone", length_max=35, prefill="contact.work_phone",
        corrects="work_phone", privacy="C2", shown_when=when("employer"),
    ),
)  # fmt: skip
AGENT = (
    Field(key="is_by_agent", label="是否代理人办理", type="flag"),
    Field(
        key="agent_name", label="代理人姓名", length_max=160, shown_when=when("is_by_agent", True), is_required=True,
        privacy="C2",
    ),
    Field(
        key="agent_certificate_no", label="代理人身份证号码", type="certificate", shown_when=when("is_by_agent", True),
        is_required=True, privacy="C2",
    ),
    Field(
        key="agent_phone", label="代理人电话", type="phone", shown_when=when("is_by_agent", True), is_required=True,
        privacy="C2",
    ),
)  # fmt: skip
AGREED = Field(key="is_agreed", label="客户已阅读并同意协议", type="flag", is_required=True, must_be=True)
CARD_TAIL = Field(key="card_tail", label="卡号后四位", type="tail", privacy="C2")

ID_PAPER = Paper(code="id_paper", name="有效身份证件原件")
AGENT_PAPER = Paper(code="agent_paper", name="代理人身份证件原件", needed_when=when("is_by_agent", True))

OPEN_ACCOUNT = (
    NAME, GENDER, BIRTH, *CERTIFICATE,
    Field(key="household_address", label="户籍地址", type="address", length_max=60, privacy="C2"),
    PHONE, *HOME, *MAIL, EMAIL, MARITAL, EDUCATION,
    Field(key="degree", label="最高学位", type="choice", code_list="degree"),
    *WORK,
    Field(key="title", label="职称", type="choice", code_list="title"),
    Field(key="income_month_yuan", label="个人月均收入（元）", type="number", length_max=10, least=0, privacy="C2"),
    Field(key="is_shareholder", label="我社股东标志", type="flag", is_inverted=True),
    Field(key="is_employee", label="员工标志", type="flag", is_inverted=True),
    Field(key="is_taxed_abroad", label="是否其他国家税收居民", type="flag", is_required=True),
    Field(
        key="tax_country", label="税收居民国", length_max=40,
        shown_when=when("is_taxed_abroad", True), is_required=True,
    ),
    Field(key="wants_mobile_bank", label="开通手机银行", type="flag"),
    Field(key="wants_messages", label="开通短信通知", type="flag"),
    *AGENT, AGREED,
)  # fmt: skip

DEBIT_CARD = (
    NAME, *CERTIFICATE, PHONE, *HOME,
    Field(key="card_kind", label="卡种", type="choice", code_list="card_kind", is_required=True),
    Field(key="is_replacing", label="是否换卡", type="flag", is_required=True),
    Field(
        key="old_card_tail", label="原卡号后四位", type="tail", shown_when=when("is_replacing", True), is_required=True
    ),
    Field(key="wants_messages", label="开通短信通知", type="flag"),
    Field(
        key="limit_fen", label="日转账限额（分）", type="amount", most=5_000_000_00, hint="柜面核定", privacy="C2"
    ),
    *AGENT, AGREED,
)  # fmt: skip

TRANSFER = (
    Field(key="payer_name", label="付款人", length_max=160, is_required=True, prefill="name", privacy="C2"),
    Field(key="payer_account_tail", label="付款账号后四位", type="tail", shown_when=when("way", "2"), is_required=True),
    Field(key="way", label="方式", type="choice", code_list="way", is_required=True),
    Field(key="payee_name", label="收款人", length_max=160, is_required=True, privacy="C2"),
    Field(key="payee_account_tail", label="收款账号后四位", type="tail", is_required=True, privacy="C2"),
    Field(key="payee_bank", label="收款行", length_max=50, is_required=True),
    Field(key="amount_fen", label="金额（分）", type="amount", is_required=True, privacy="C2"),
    Field(key="arrival", label="到账方式", type="choice", code_list="arrival", is_required=True),
    Field(key="purpose", label="用途", length_max=60, is_required=True),
    PHONE,
    Field(
        key="certificate_no", label="身份证号码", type="certificate", privacy="C2",
        required_when=when("way", "1"), hint="现金汇款须登记",
    ),
    *AGENT,
    Field(key="is_warned", label="已提示电信诈骗风险", type="flag", is_required=True, must_be=True),
)  # fmt: skip

TIME_DEPOSIT = (
    NAME, *CERTIFICATE, PHONE,
    Field(key="deposit_kind", label="储种", type="choice", code_list="deposit_kind", is_required=True),
    Field(key="currency", label="币种", type="choice", code_list="currency", is_required=True),
    Field(key="amount_fen", label="金额（分）", type="amount", least=50_00, is_required=True, privacy="C2"),
    Field(
        key="term", label="存期", type="choice", code_list="term",
        required_when=when("deposit_kind", "1", "2", "3", "4"),
        shown_when=when("deposit_kind", "1", "2", "3", "4"),
    ),
    Field(key="rollover", label="到期转存", type="choice", code_list="rollover", shown_when=when("deposit_kind", "1")),
    Field(key="way", label="资金来源", type="choice", code_list="way", is_required=True),
    Field(key="account_tail", label="转出账号后四位", type="tail", shown_when=when("way", "2"), is_required=True),
    *AGENT, AGREED,
)  # fmt: skip

LOAN = (
    NAME, GENDER, *CERTIFICATE, PHONE, *HOME, MARITAL,
    Field(key="spouse_name", label="配偶姓名", length_max=160,
          shown_when=when("marital_status", "20"), is_required=True, privacy="C2"),
    Field(key="spouse_certificate_no", label="配偶身份证号码", type="certificate",
          shown_when=when("marital_status", "20"), is_required=True, privacy="C2"),
    EDUCATION, *WORK,
    Field(key="years_in_post", label="现职年限", type="number", least=0, most=60),
    Field(key="income_month_yuan", label="个人月均收入（元）", type="number", length_max=10, least=0, is_required=True,
          privacy="C2"),
    Field(key="household_income_month_yuan", label="家庭月收入总额（元）", type="number", length_max=10, least=0,
          privacy="C2"),
    Field(key="household_members", label="家庭人员人数", type="number", length_max=2, least=1),
    Field(key="dependants", label="供养人口", type="number", length_max=2, least=0),
    Field(key="household_spending_month_yuan", label="每月家庭固定支出（元）", type="number", length_max=10, least=0,
          privacy="C2"),
    Field(key="living", label="居住状况", type="choice", code_list="living"),
    Field(key="salary_bank", label="工资账号开户银行", length_max=40),
    Field(key="salary_account_tail", label="工资账号后四位", type="tail", shown_when=when("salary_bank")),
    Field(key="loan_kind", label="贷款种类", type="choice", code_list="loan_kind", is_required=True),
    Field(key="amount_fen", label="申请金额（分）", type="amount", is_required=True, privacy="C2"),
    Field(key="months", label="期限（月）", type="number", least=1, most=360, is_required=True),
    Field(key="purpose", label="贷款用途", length_max=100, is_required=True),
    Field(key="repayment", label="还款方式", type="choice", code_list="repayment", is_required=True),
    Field(key="guarantee", label="担保方式", type="choice", code_list="guarantee", is_required=True),
    Field(key="guarantor_name", label="担保人", length_max=160, shown_when=when("guarantee", "2"), is_required=True,
          privacy="C2"),
    Field(key="guarantor_phone", label="担保人电话", type="phone", shown_when=when("guarantee", "2"), is_required=True,
          privacy="C2"),
    Field(key="collateral", label="抵质押物", length_max=100, shown_when=when("guarantee", "3", "4"), is_required=True),
    Field(key="may_query_credit", label="授权查询个人征信", type="flag", is_required=True, must_be=True),
    AGREED,
)  # fmt: skip

CUSTOMER_CHANGE = (
    NAME, *CERTIFICATE, PHONE, *HOME, *MAIL, EMAIL, MARITAL, EDUCATION,
    Field(key="degree", label="最高学位", type="choice", code_list="degree"),
    *WORK,
    Field(key="best_way", label="最佳联系方式", type="choice", code_list="best_way"),
    Field(key="best_part", label="最佳联系时段", type="choice", code_list="best_part"),
    Field(key="best_from_hour", label="最佳联系时间起（点）", type="number", least=0, most=23),
    Field(key="best_to_hour", label="最佳联系时间止（点）", type="number", least=0, most=24),
    Field(key="contact_note", label="联系描述", length_max=100, prefill="contact.contact_note", corrects="contact_note",
          privacy="C2"),
    *AGENT, AGREED,
)  # fmt: skip

COMPANY_CHANGE = (
    Field(key="company_name", label="客户名称", length_max=100, is_required=True, prefill="name"),
    Field(key="licence_no", label="统一社会信用代码", type="uscc", is_required=True),
    Field(key="basic_account_tail", label="基本账户账号后四位", type="tail", is_required=True),
    Field(key="approval_no", label="基本账户核准号", length_max=20),
    Field(key="change", label="变更事项", type="choice", code_list="company_change", is_required=True),
    Field(key="new_name", label="新名称", length_max=100, shown_when=when("change", "1"), is_required=True),
    Field(key="new_legal_person", label="新法定代表人", length_max=50, shown_when=when("change", "2"), is_required=True,
          privacy="C2"),
    Field(key="new_legal_person_certificate_no", label="新法定代表人身份证号码", type="certificate",
          shown_when=when("change", "2"), is_required=True, privacy="C2"),
    Field(key="capital_currency", label="注册资本币种", type="choice", code_list="currency",
          shown_when=when("change", "3"), is_required=True),
    Field(key="capital_yuan", label="注册资本（元）", type="number", length_max=12, least=1,
          shown_when=when("change", "3"), is_required=True),
    Field(key="new_address", label="新注册地址", type="address", length_max=100, shown_when=when("change", "4"),
          is_required=True),
    Field(key="new_scope", label="新经营范围", length_max=500, shown_when=when("change", "5"), is_required=True),
    Field(key="certificate_changed", label="换发的证照", type="choice", code_list="company_certificate"),
    Field(key="valid_until", label="证照有效期", type="date", shown_when=when("certificate_changed"), is_required=True),
    Field(key="registry", label="登记机关", length_max=100, shown_when=when("certificate_changed"), is_required=True),
    Field(key="handler_name", label="经办人", length_max=50, is_required=True, privacy="C2"),
    Field(key="handler_certificate_no", label="经办人身份证号码", type="certificate", is_required=True, privacy="C2"),
    Field(key="handler_phone", label="经办人电话", type="phone", is_required=True, privacy="C2"),
    AGREED,
)  # fmt: skip

CARD_LOSS = (
    NAME, *CERTIFICATE, PHONE,
    Field(key="loss", label="挂失原因", type="choice", code_list="loss", is_required=True),
    CARD_TAIL,
    Field(key="lost_on", label="遗失日期", type="date"),
    Field(key="wants_new_card", label="补办新卡", type="flag"),
    AGREED,
)  # fmt: skip

MARRIED_PAPER = Paper(code="marriage_paper", name="结婚证", needed_when=when("marital_status", "20"))

# code, title, minutes that it spares the counter, fields, papers
TEMPLATES: tuple[tuple[str, str, int, tuple[TemplateField, ...], tuple[Paper, ...]], ...] = (
    ("open_account", "个人开户申请", 12, OPEN_ACCOUNT, (ID_PAPER, AGENT_PAPER)),
    ("debit_card", "借记卡申请", 8, DEBIT_CARD, (ID_PAPER, AGENT_PAPER)),
    ("transfer", "转账汇款", 5, TRANSFER, (AGENT_PAPER,)),
    ("time_deposit", "定期存款", 5, TIME_DEPOSIT, (ID_PAPER, AGENT_PAPER)),
    (
        "loan_application", "贷款申请", 15, LOAN,
        (
            ID_PAPER, MARRIED_PAPER, Paper(code="income_paper", name="收入证明"),
            Paper(code="collateral_paper", name="抵质押物权属证明", needed_when=when("guarantee", "3", "4")),
        ),
    ),
    ("customer_change", "客户信息变更", 6, CUSTOMER_CHANGE, (ID_PAPER, AGENT_PAPER)),
    (
        "company_change", "对公账户变更", 15, COMPANY_CHANGE,
        (
            Paper(code="licence", name="营业执照正本"), Paper(code="handler_paper", name="经办人身份证件原件"),
            Paper(code="authorisation", name="单位授权书"),
            Paper(code="legal_person_paper", name="新法定代表人身份证件", needed_when=when("change", "2")),
        ),
    ),
    ("card_loss", "挂失补办", 6, CARD_LOSS, (ID_PAPER,)),
)  # fmt: skip


def list_templates() -> list[Body]:
    """Return every shipped template as the body of a record, each with the code lists that its fields need."""
    return [
        {
            "code": code, "template_version": 1, "title": title, "saves_min": saves_min,
            "fields": _plain(fields), "papers": _plain(papers), "lists": _plain(_lists_of(fields)),
        }
        for code, title, saves_min, fields, papers in TEMPLATES
    ]  # fmt: skip


def _lists_of(fields: tuple[TemplateField, ...]) -> tuple[TemplateList, ...]:
    names = sorted({field.code_list for field in fields if field.code_list})
    return tuple(TemplateList(name=name, codes=LISTS[name]) for name in names)


def _plain(parts: tuple[Any, ...]) -> list[Body]:
    return [msgspec.to_builtins(part) for part in parts]
