"""The demonstration bank's institutions: names are made up, the coordinates are of real towns in Fujian (WGS 84)."""

from backend.domain.orgs.queries import OrgRow

UNION = OrgRow(org_id="35", name="闽海农信联合社（演示）", level="union", lat=26.0745, lon=119.2965)

BANKS = (
    OrgRow(org_id="3501", name="榕江农商银行（演示）", level="bank", parent="35", lat=26.1483, lon=119.1318),
    OrgRow(org_id="3506", name="九龙江农商银行（演示）", level="bank", parent="35", lat=24.5130, lon=117.6471),
    OrgRow(org_id="3508", name="汀水农商银行（演示）", level="bank", parent="35", lat=25.0753, lon=117.0174),
)

BRANCHES = (
    OrgRow(org_id="350101", name="榕江农商甘蔗支行", level="branch", parent="3501", lat=26.1499, lon=119.1313),
    OrgRow(org_id="350102", name="榕江农商凤城支行", level="branch", parent="3501", lat=26.1974, lon=119.5398),
    OrgRow(org_id="350601", name="九龙江农商石码支行", level="branch", parent="3506", lat=24.4466, lon=117.8178),
    OrgRow(org_id="350602", name="九龙江农商绥安支行", level="branch", parent="3506", lat=24.1178, lon=117.6140),
    OrgRow(org_id="350801", name="汀水农商汀州支行", level="branch", parent="3508", lat=25.8336, lon=116.3575),
    OrgRow(org_id="350802", name="汀水农商临江支行", level="branch", parent="3508", lat=25.0493, lon=116.4203),
)

# Beside each branch: roads and villages for addresses. The names are common ones; house numbers are drawn by lot.
STREETS = ("建设路", "人民路", "中山路", "滨江路", "解放街", "文化路", "东大街", "新桥路")
VILLAGES = ("上洋村", "下林村", "岭头村", "后溪村", "湖边村", "石井村", "桥头村", "东坑村", "西山村", "大坪村")


def list_orgs() -> list[OrgRow]:
    """Return every institution, parents before children."""
    return [UNION, *BANKS, *BRANCHES]


def town_of(branch: OrgRow) -> str:
    """Return the short name of a branch's town: 甘蔗 for 榕江农商甘蔗支行."""
    return branch.name.removesuffix("支行").rpartition("农商")[2]
