"""What a visit tells of a customer's stage of life with the bank: the elements of 003 §4.4 that a visit can feed."""

from collections.abc import Collection, Mapping

STAGES: Mapping[str, str] = {
    "T0": "潜在", "T1": "开发", "T2": "成长", "T3": "成熟", "T4": "衰退", "T5": "终止",
}  # fmt: skip

ELEMENTS: Mapping[str, str] = {
    "T0.cost": "成本（资金、时间、其他）",
    "T0.expected_trade": "预期交易（时间、地点、人员、产品、金额）",
    "T0.expected_benefit": "预期收益",
    "T0.background": "背景资料",
    "T1.first_trade": "首次交易",
    "T1.perception": "感受（总体、细节、不足）",
    "T1.interaction": "与客户的访问互动情况",
    "T1.development": "客户开发的详细情况",
    "T1.benefit": "收益",
    "T1.cost": "成本",
    "T2.contact": "接触与感受",
    "T2.extended_trade": "扩展交易",
    "T2.cost_saved": "节约的成本",
    "T2.growth": "增长",
    "T3.exchange": "机构间活动与人员交流",
    "T3.trade_pattern": "交易规律",
    "T3.anniversary": "重大纪念日",
    "T3.event": "重要活动参与",
    "T3.decision_chain": "决策链人员事件",
    "T3.expense": "费用",
    "T3.introduced": "介绍的客户",
    "T4.drop": "种类、频率、金额或贡献的下降",
    "T4.cause": "原因与程度",
    "T4.marker_event": "标志事件与影响",
    "T4.measures": "措施",
    "T4.effect": "效果",
    "T5.situation": "终止时间与情况",
    "T5.aftermath": "善后种类、经过与费用",
    "T5.result": "结果、风险与损失",
}


def tells_stage(stage: str | None, told: Collection[str]) -> bool:
    """Say whether a visit tells at least one element of the stage that it names; one that names none owes none.

    A bank may have elements of its own: every name that begins with the stage counts.
    """
    return stage is None or any(name.startswith(f"{stage}.") for name in told)
