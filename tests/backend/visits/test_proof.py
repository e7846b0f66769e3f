"""The proof for outsiders: what is whole is proven, and whatever is changed, removed, added or moved is named."""

from datetime import datetime
from random import Random

import msgspec
import pytest
from click.testing import CliRunner

from backend.cli import main
from backend.domain.devices.queries import InstallRow, add_install, save_device
from backend.domain.handoffs.proof import export_month, seal_days
from backend.domain.orgs.queries import OrgRow, add_org
from backend.sync_api.proof_routes import write_zip
from sync.merkle import merkle_root
from sync.proof import EVIDENCE, GRADES, LINES, MANIFEST, ROOTS, fingerprint
from sync.proving import Broken, verify_export
from sync.signing import new_key, write_public_jwk
from tests.backend.visits.field import KEY, Pad
from tests.backend.visits.test_grading import field

__all__ = ["field"]

DECEMBER = datetime.fromisoformat("2026-12-02T00:00:00+00:00")


def enrol(field, pad, letter):
    def work(unit):
        if letter == "A":
            add_org(unit.connection, OrgRow(org_id="3501", name="支行", level="branch"))
        save_device(unit.connection, pad.install_id, "test", f"key {letter}", "2026-11-01T00:00:00.000Z")
        add_install(
            unit.connection,
            InstallRow(
                install_id=pad.install_id, device_id=pad.install_id, org_id="3501", letter=letter, app_version="1",
                public_key=write_public_jwk(KEY.public_key()), schema=2, enrolled_at="2026-11-01T00:00:00.000Z",
                last_seen_at="2026-11-01T00:00:00.000Z",
            ),
        )  # fmt: skip

    field.store.write(work)


def fill(field):
    """Let two tablets hand in visits on three days."""
    pads = [Pad(field, boot="b1"), Pad(field, boot="b2")]
    for pad, letter in zip(pads, "AB", strict=True):
        enrol(field, pad, letter)
    for day in (21, 23, 24):
        field.clock.at = datetime.fromisoformat(f"2026-11-{day}T08:00:00+00:00")
        for pad in pads:
            for hour in (2, 3, 4):
                pad.visit(f"2026-11-{day}T0{hour}:00:00Z", photos=[f"{Random(day + hour).getrandbits(256):064x}"])
            pad.push()


def export(field):
    return field.store.read(
        lambda look: export_month(look, "3501", "2026-11", server_key=KEY, made_at="2026-12-02T00:00:00.000Z")
    )


def sealed(field):
    seal_days(field.store, KEY, DECEMBER)
    return export(field)


@pytest.fixture
def whole(field):
    fill(field)
    return sealed(field)


def lines_of(files, name):
    return files[name].splitlines(keepends=True)


def with_lines(files, name, lines):
    return {**files, name: b"".join(lines)}


def what_breaks(files):
    with pytest.raises(Broken) as broken:
        verify_export(files)
    return broken.value


def test_a_whole_month_is_proven(whole):
    proven = verify_export(whole)
    assert (proven.entries, proven.roots, proven.grades, proven.notes) == (18, 3, 18, [])
    assert verify_export(whole, proven.server_key) == proven
    with pytest.raises(Broken, match="another server"):
        verify_export(whole, fingerprint({"kty": "EC"}))


def test_sealing_again_seals_nothing_twice_and_today_waits(field):
    fill(field)
    assert seal_days(field.store, KEY, datetime.fromisoformat("2026-11-23T15:59:00+00:00")) == 1
    assert verify_export(export(field)).notes == ["2026-11-23 has no root yet", "2026-11-24 has no root yet"]
    assert seal_days(field.store, KEY, DECEMBER) == 2
    assert seal_days(field.store, KEY, DECEMBER) == 0
    assert verify_export(export(field)).roots == 3


def test_an_entry_that_is_removed_repeated_or_moved_is_found(whole):
    lines = lines_of(whole, EVIDENCE)
    for at in range(len(lines)):
        assert what_breaks(with_lines(whole, EVIDENCE, lines[:at] + lines[at + 1 :])).file in (EVIDENCE, ROOTS)
        assert what_breaks(with_lines(whole, EVIDENCE, [*lines[: at + 1], *lines[at:]])).line == at + 2
    for at in range(len(lines) - 1):
        swapped = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
        assert what_breaks(with_lines(whole, EVIDENCE, swapped)).line == at + 2


def test_a_push_that_is_removed_whole_is_named(whole):
    lines = lines_of(whole, EVIDENCE)
    broken = what_breaks(with_lines(whole, EVIDENCE, lines[:3] + lines[6:]))
    assert (broken.file, broken.line) == (ROOTS, 2)  # two tablets were heard on that day, here is one
    assert "2026-11-23" in broken.reason


def test_an_entry_that_another_key_signed_is_refused(whole):
    manifest = msgspec.json.decode(whole[MANIFEST])
    stranger = msgspec.json.decode(write_public_jwk(new_key().public_key()))
    manifest["installs"] = dict.fromkeys(manifest["installs"], stranger)
    assert what_breaks({**whole, MANIFEST: msgspec.json.encode(manifest)}).file == MANIFEST


@pytest.mark.parametrize("name", [ROOTS, GRADES])
def test_a_root_or_a_grade_that_is_removed_or_moved_is_found(whole, name):
    lines = lines_of(whole, name)
    for at in range(len(lines)):
        assert what_breaks(with_lines(whole, name, lines[:at] + lines[at + 1 :])).file in (name, EVIDENCE)
    assert what_breaks(with_lines(whole, name, lines[::-1]))


def test_any_flipped_bit_is_found_and_its_line_is_named(whole):
    random = Random(4)
    for name in LINES:
        for _ in range(60):
            at, bit = random.randrange(len(whole[name])), 1 << random.randrange(8)
            flipped = bytearray(whole[name])
            flipped[at] ^= bit
            broken = what_breaks({**whole, name: bytes(flipped)})
            line = whole[name].count(b"\n", 0, at) + 1
            assert broken.file in (name, ROOTS)
            assert broken.line == 0 or name == EVIDENCE or broken.line in (line, line + 1)
    for _ in range(60):
        flipped = bytearray(whole[MANIFEST])
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
        assert what_breaks({**whole, MANIFEST: bytes(flipped)}).file == MANIFEST


def test_a_changed_content_photo_or_link_is_named_by_its_own_line(whole):
    lines = lines_of(whole, EVIDENCE)
    for at in (0, 7, 17):
        for word in (b'"photos', b"prev", b'"content', b'"lat', b'"wall'):
            changed = lines[at].replace(word, word[:-1] + b"x", 1)
            broken = what_breaks(with_lines(whole, EVIDENCE, [*lines[:at], changed, *lines[at + 1 :]]))
            assert (broken.file, broken.line) == (EVIDENCE, at + 1)


def test_the_command_says_what_is_whole_and_what_is_broken(whole, tmp_path):
    path = tmp_path / "month.zip"
    path.write_bytes(write_zip(whole))
    done = CliRunner().invoke(main, ["verify-evidence", str(path)])
    assert done.exit_code == 0
    assert "18 entries, 3 daily roots and 18 grades are whole" in done.output
    whole_bytes = path.read_bytes()
    at = whole_bytes.index(b"check_out") + 40  # a bit of the zip itself, whose checksum no longer fits
    path.write_bytes(whole_bytes[:at] + bytes([whole_bytes[at] ^ 4]) + whole_bytes[at + 1 :])
    broken = CliRunner().invoke(main, ["verify-evidence", str(path)])
    assert broken.exit_code == 1
    assert "BROKEN evidence.jsonl line 1" in broken.output


def test_a_gap_that_was_there_when_it_arrived_is_a_note(field):
    fill(field)
    pad = Pad(field, boot="b3")
    enrol(field, pad, "C")
    pad.visit("2026-11-24T05:00:00Z")
    pad.push()
    pad.prev = "e" * 64
    pad.visit("2026-11-24T06:00:00Z")
    pad.push()
    (note,) = verify_export(sealed(field)).notes
    assert "so it was when it arrived" in note


def test_no_two_lists_of_entries_share_a_root():
    entries = [b"a", b"b", b"c", b"d", b"e"]
    lists = [entries[:at] for at in range(6)] + [entries[::-1], [b"ab"], [b"a", b"bc"], [b"a", b"b", b"c", b"c"]]
    assert len({merkle_root(one) for one in lists}) == len(lists)
