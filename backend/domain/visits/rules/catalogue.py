"""Every flag: how serious it is, its points, and what the person concerned is told (domain-rules.md §3)."""

from enum import StrEnum

from msgspec import Struct


class Seriousness(StrEnum):
    """What a flag does to a grade: nothing but B, at least C, or D with a second one."""

    INFORMATION = "information"
    WARNING = "warning"
    SERIOUS = "serious"


class FlagSort(Struct, frozen=True, kw_only=True):
    """One sort of flag; `zh` and `en` are sentences that may name the flag's arguments."""

    code: str
    seriousness: Seriousness
    points: int
    zh: str
    en: str


def _serious(code: str, points: int, zh: str, en: str) -> FlagSort:
    return FlagSort(code=code, seriousness=Seriousness.SERIOUS, points=points, zh=zh, en=en)


def _warning(code: str, points: int, zh: str, en: str) -> FlagSort:
    return FlagSort(code=code, seriousness=Seriousness.WARNING, points=points, zh=zh, en=en)


def _information(code: str, points: int, zh: str, en: str) -> FlagSort:
    return FlagSort(code=code, seriousness=Seriousness.INFORMATION, points=points, zh=zh, en=en)


FLAG_SORTS = (
    _serious("mock", 40, "系统提示定位由模拟位置软件提供。请关闭模拟定位，并向主管说明情况。",
             "The system says that another program made up this location. Switch it off and tell your supervisor why."),
    _serious("impossible_speed", 40,
             "与上一次记录的位置相距 {distance_m} 米，所用时间不够（约 {speed_km_h} 公里/小时）。",
             "The record before is {distance_m} m away, too far for the time between (about {speed_km_h} km/h)."),
    _serious("identical_fix", 30, "坐标与另一次记录完全相同（小数点后七位），真实定位一般会有细微差别。",
             "The coordinates equal those of another record to seven decimals; real receivers vary a little."),
    _serious("photo_reused", 30, "照片与以前某次拜访的照片相同或几乎相同。",
             "A photo is the same as one of an earlier visit, or nearly so."),
    _serious("rooted", 30, "平板未通过完整性检查（已取得系统最高权限）。请联系科技部门。",
             "The tablet failed its integrity check (it is rooted). Ask the technical department."),
    _warning("overlap", 25, "这次拜访与您的另一次拜访在时间上重叠。",
             "This visit overlaps with another visit of yours in time."),
    _warning("shared_device", 25, "一小时之内，另一位员工在同一台平板上记录了拜访。",
             "Within an hour another person logged a visit on the same tablet."),
    _warning("text_reused", 20, "拜访内容与您以前写的一次几乎相同（相似度 {percent}%）。",
             "The content is nearly what you wrote before ({percent} % alike)."),
    _warning("clock_skew", 20, "平板时钟比标准时间{zh_off}。拜访时间已按标准时间推算。",
             "The tablet's clock was {en_off}. The visit's time was worked out without it."),
    _warning("moved", 20, "签退位置离签到位置 {distance_m} 米，超出范围。",
             "The check-out was {distance_m} m from the check-in, more than the place allows."),
    _warning("corrects_other", 20,
             "这条更正的客户、时间或地点与原记录不同，或原记录不是您的拜访。主管认可前以原记录为准。",
             "The correction names another customer, time or place than the original, or that is no visit of yours; "
             "until a supervisor accepts it, the original stands."),
    _warning("corrects_rejected", 20, "这条更正所更正的拜访已被主管退回，需由主管复核。",
             "A supervisor rejected the visit that this one corrects, so a supervisor looks at this one too."),
    _warning("burst", 20, "{minutes} 分钟之内记录了 {visits} 次拜访。",
             "{visits} visits were logged within {minutes} minutes."),
    _warning("debug", 15, "平板处于调试模式或模拟器环境。", "The tablet was in debug mode, or is an emulator."),
    _warning("photo_outside", 15, "照片不是在本应用内拍摄的。", "A photo was not taken in this app."),
    _warning("too_short", 15, "停留时间只有 {dwell_s} 秒。", "The stay lasted only {dwell_s} s."),
    _warning("text_short", 10, "拜访内容只有 {characters} 个字，请写清楚谈了什么。",
             "The content has only {characters} characters; say what was talked about."),
    _warning("no_checkout", 10, "没有签退，停留时间不明。",
             "There was no check-out, so the length of the stay is not known."),
    _warning("auto_closed", 10, "拜访由系统在日终关闭，停留时间不明。",
             "The system closed the visit at the end of the day; the length of the stay is not known."),
    _warning("cached_fix", 10, "位置不是签到时测得的，而是平板以前保存的。",
             "The location was not measured at check-in but kept from earlier."),
    _information("chain_gap", 5, "这台平板的记录链中缺少前一条记录。",
                 "A record of this tablet before this one has not arrived."),
    _information("chain_fork", 5, "这台平板的记录链出现了分叉。", "This tablet's chain of records has split in two."),
    _information("after_revocation", 5, "记录送达时，您已不再负责该客户。",
                 "When the record arrived, the customer was no longer yours."),
    _information("unanchored", 3, "平板的开机时间无法证明签到时刻，时间为推算值。",
                 "The tablet's uptime does not show when the check-in was; its time is an estimate."),
    _information("device_changed", 3, "与上一次拜访使用的不是同一台平板。",
                 "Another tablet was used than for the visit before."),
    _information("elements_missing", 2, "选择了客户阶段 {stage}，但没有填写该阶段的任何要素。",
                 "The customer's stage {stage} is named, but none of its elements is told."),
    _information("late_sync", 2, "拜访结束 {hours} 小时后才上传。",
                 "The record arrived {hours} hours after the visit."),
    _information("off_hours", 1, "拜访在上班时间之外。", "The visit was outside of office hours."),
    _information("non_workday", 1, "拜访当天不是工作日。", "The day of the visit is no working day."),
    _information("pending_media", 0, "还有 {missing} 张照片没有上传。", "{missing} photos have not arrived yet."),
)  # fmt: skip

FLAGS = {sort.code: sort for sort in FLAG_SORTS}
