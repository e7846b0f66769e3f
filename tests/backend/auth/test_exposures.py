"""The exposure report: a tablet that holds what its person may not see is named until its receipt is there."""

from sync.moments import write_moment
from sync.scope import new_order


def exposures(client, admin):
    return client.get("/admin/exposures", headers=admin).json()["items"]


def note(house, tablet, *buckets):
    at = write_moment(house.clock())
    house.auth.store.write(lambda unit: unit.note_received(tablet.install_id, dict.fromkeys(buckets, 1), at))


def order(house, tablet, bucket):
    row = new_order("p-1", tablet.install_id, [bucket], cause="scope", now=house.clock(), deadline_h=24)
    house.auth.store.write(lambda unit: unit.save_purge(row))


def test_a_tablet_that_holds_only_its_persons_buckets_exposes_nothing(house, client, admin):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    note(house, tablet, "catalog", "branch:3501")
    assert exposures(client, admin) == []


def test_a_tablet_that_has_not_called_since_its_person_lost_a_bucket_is_named(house, client, admin):
    tablet = house.tablet()
    tablet.sign_in("field")
    note(house, tablet, "catalog", "portfolio:lost")
    (exposure,) = exposures(client, admin)
    assert (exposure["install_id"], exposure["buckets"]) == (tablet.install_id, ["portfolio:lost"])
    assert (exposure["cause"], exposure["is_late"]) == ("unreached", False)


def test_an_order_without_a_receipt_is_late_after_its_deadline(house, client, admin):
    tablet = house.tablet()
    tablet.sign_in("field")
    note(house, tablet, "portfolio:lost")
    order(house, tablet, "portfolio:lost")
    assert [(one["cause"], one["is_late"]) for one in exposures(client, admin)] == [("scope", False)]
    house.clock.advance(hours=25)
    admin_again = house.tablet("35")
    admin_again.sign_in("admin")
    headers = {"Authorization": admin_again.bearer, "Sync-Install": admin_again.install_id}
    assert [(one["cause"], one["is_late"]) for one in exposures(client, headers)] == [("scope", True)]


def test_a_revoked_tablet_is_named_until_it_has_purged(house, client, admin):
    tablet = house.tablet()
    tablet.sign_in("lobby")
    note(house, tablet, "branch:3501")
    client.post(f"/admin/installs/{tablet.install_id}/revoke", json={}, headers=admin)
    assert [one["cause"] for one in exposures(client, admin)] == ["revoked"]
