"""What each figure of a day is called and means, for screens and exports (domain-rules.md §8)."""

from collections.abc import Mapping

from contracts.lobby import Definition

# key, title, meaning; {target} is the service target in minutes. The order is that of the columns.
MEANINGS: tuple[tuple[str, str, str], ...] = (
    ("issued", "取号数", "当日取号总数"),
    ("called", "叫号人数", "至少被叫到一次的号"),
    ("finished", "办结数", "办理完毕的号"),
    ("wait_mean_s", "平均等候(秒)", "取号至首次叫号的平均时长;首次叫号后不再变化,转办不重新计时"),
    ("wait_median_s", "等候中位数(秒)", "取号至首次叫号时长的中位数,精确到30秒"),
    ("wait_p90_s", "等候九成位(秒)", "九成客户的等候不超过此值,精确到30秒"),
    (
        "service_level",
        "服务水平",
        "全部取号中等候不超过{target}分钟的比例;超过后仍未叫到即离开、过期或仍在等候的计为未达标;尚在等候且未超过的暂不计",
    ),
    ("abandonment", "放弃率", "(离开 + 过号未返回 + 取消)÷ 取号数"),
    ("left", "离开", "叫号前后自行离开的号"),
    ("cancelled", "取消", "取消的号"),
    ("no_shows", "过号未返回", "叫到未应且其后未返回的号"),
    ("unserved", "日终未叫", "日终过期、当日从未叫到的号"),
    ("still_waiting", "仍在等候", "截至统计时刻尚未首次叫号的号"),
    ("services", "办理次数", "完成的办理次数(含转办的每一段),未计忘记结束的"),
    ("service_mean_s", "平均办理(秒)", "办理时长的平均值,不含挂起,未计忘记结束的"),
    ("inaccurate", "时间不准", "忘记结束的办理次数,不计入平均办理时长"),
    ("busy_s", "占用(秒)", "窗口自叫号至结束的占用时长"),
    ("open_s", "开放(秒)", "窗口开放时长,不含暂停"),
    ("occupancy", "窗口利用率", "占用时长 ÷ 开放时长"),
    ("recalls", "重呼次数", "重复叫号的次数"),
    ("recall_rate", "重呼率", "重呼次数 ÷ 叫号次数"),
    ("transfers", "转办次数", "转到其他窗口或队列的次数"),
    ("eligible", "可预填数", "办理了可预填业务的号"),
    ("prefilled", "已预填数", "可预填的号中,到窗口时预填单已就绪的"),
    ("prefill_rate", "预填率", "已预填数 ÷ 可预填数"),
    ("saved_min", "节省柜面(分钟)", "柜员采用的预填单按模板设定的节省分钟数合计"),
    ("told", "已告知等候", "取号时告知过等候区间且后来叫到的号"),
    ("coverage", "等候区间命中率", "实际等候落在所告知区间内的比例(标称80%)"),
    ("identified", "识别", "已识别客户身份的号"),
    ("approached", "接触", "当日接触的客户数;同一客户每一阶段只计一次,到达后一阶段的也计入之前各阶段,婉拒的只计接触"),
    ("recommended", "推荐", "推荐过产品的客户数,含有意向和预约的"),
    ("interested", "意向", "表示有意向的客户数,含预约的"),
    ("reserved", "预约", "预约或转介的客户数"),
    ("done", "成交", "当日成交的客户数,接触可在更早的日期"),
)
IN_ENGLISH: Mapping[str, str] = {
    "issued": "numbers taken that day",
    "called": "numbers called at least once",
    "finished": "numbers served to the end",
    "wait_mean_s": "mean seconds from taking the number to the first call; a later call or a transfer changes nothing",
    "wait_median_s": "half waited no longer than this; to within 30 s",
    "wait_p90_s": "nine of ten waited no longer than this; to within 30 s",
    "service_level": "share of all numbers called within {target} min; who waited longer and left, expired or "
    "still waits counts as missed, who still waits less long does not count yet",
    "abandonment": "(left + no-shows + cancelled) / issued",
    "left": "numbers whose customer went away",
    "cancelled": "numbers cancelled",
    "no_shows": "called, did not come, and never came back",
    "unserved": "expired at the day's end without a call",
    "still_waiting": "not called yet at the moment of counting",
    "services": "services done, each leg of a transfer one; without those whose end nobody noted",
    "service_mean_s": "mean seconds of those services, holds left out",
    "inaccurate": "services whose end nobody noted; in no mean",
    "busy_s": "seconds that counters were taken, from call to end",
    "open_s": "seconds that counters were open, pauses left out",
    "occupancy": "busy_s / open_s",
    "recalls": "calls repeated",
    "recall_rate": "recalls / calls",
    "transfers": "customers sent on to another counter or series",
    "eligible": "numbers served for something that a form could be prefilled for",
    "prefilled": "of those, with a form ready at the counter",
    "prefill_rate": "prefilled / eligible",
    "saved_min": "minutes that the forms which tellers took saved, as each template is set",
    "told": "called numbers whose customer was told a wait",
    "coverage": "share of those whose wait fell in the told interval; nominal 80 %",
    "identified": "numbers whose customer is known",
    "approached": "customers approached, refusals too; a stage counts a customer once a day, also who came further",
    "recommended": "customers who were offered something, with all who came further",
    "interested": "customers who showed interest, with those who reserved",
    "reserved": "customers who reserved or were referred",
    "done": "customers who took a product that day, whenever they were approached",
}
PARTS = {"hour": "时段", "series": "队列", "counter": "窗口", "person": "人员", "branch": "网点"}
ALL, OTHERS = "合计", "其他"


def definitions(target_s: float) -> list[Definition]:
    """Return what every figure means, with the service target that was used."""
    target = f"{target_s / 60:g}"
    return [Definition(key=key, title=title, meaning=text.format(target=target)) for key, title, text in MEANINGS]
