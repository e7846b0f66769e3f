"""Uploads: tus 1.0.0 as the specification has it, and files that are kept by what they hold."""

import base64
import hashlib
import os
import shutil
from typing import Any

import httpx
import pytest

from backend.files import uploads as uploads_module
from backend.files.blobs import Blobs, Bringer
from backend.files.tus import Checksum
from backend.files.uploads import GoneFile, Uploads
from sync.errors import Busy, NotFound
from tests.backend.doors.tablets import HttpTablet

TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}
PHOTO = os.urandom(10_000)
SIZE = len(PHOTO)
DIGEST = hashlib.sha256(PHOTO).hexdigest()
BRINGER = Bringer(install_id="i-1", staff_no="s-1", org_id="3501")


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def create(tablet: HttpTablet, length: Any = SIZE, content: Any = b"", **headers: Any) -> httpx.Response:
    said = {**tablet.headers, **TUS, "Upload-Length": str(length), **headers}
    return tablet.client.post("/api/v1/files", headers=said, content=content)


def append(tablet: HttpTablet, url: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    return tablet.client.patch(
        url, headers={**tablet.headers, **PART, "Upload-Offset": str(offset), **headers}, content=data
    )


def offset_of(tablet: HttpTablet, url: str) -> httpx.Response:
    return tablet.client.head(url, headers=tablet.headers | TUS)


@pytest.fixture
def url(tablet):
    answer = create(tablet)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "0")
    assert answer.headers["upload-expires"].endswith("GMT")
    return answer.headers["location"]


def test_options_tells_what_the_server_speaks(client):
    for path in ("/api/v1/files", "/api/v1/files/0123"):
        headers = client.options(path).headers
        assert headers["tus-version"] == headers["tus-resumable"] == "1.0.0"
        assert headers["tus-extension"] == "creation,creation-with-upload,checksum,expiration,termination"
        assert (headers["tus-max-size"], headers["tus-checksum-algorithm"]) == ("100000", "sha256,sha1")


def test_a_file_goes_up_in_parts_and_is_found_by_its_hash(tablet, url):
    assert append(tablet, url, 0, PHOTO[:6000]).headers["upload-offset"] == "6000"
    shown = offset_of(tablet, url)
    assert (shown.headers["upload-offset"], shown.headers["upload-length"]) == ("6000", "10000")
    assert shown.headers["cache-control"] == "no-store"
    done = append(tablet, url, 6000, PHOTO[6000:])
    assert (done.status_code, done.headers["file-sha256"]) == (204, DIGEST)
    assert tablet.get(f"/files/by-hash/{DIGEST}").content == PHOTO


def test_a_file_may_come_with_its_creation(tablet):
    answer = create(tablet, content=PHOTO, **{"Content-Type": PART["Content-Type"]})
    assert (answer.status_code, answer.headers["file-sha256"]) == (201, DIGEST)


def test_an_empty_file_is_finished_when_it_is_created(tablet):
    answer = create(tablet, length=0)
    assert answer.headers["file-sha256"] == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_part_that_was_damaged_leaves_nothing(tablet, url, algorithm):
    told = {"Upload-Checksum": checksum(PHOTO[:5000], algorithm)}
    damaged = append(tablet, url, 0, b"x" + PHOTO[1:5000], **told)
    assert (damaged.status_code, damaged.json()["code"]) == (460, "checksum_mismatch")
    assert offset_of(tablet, url).headers["upload-offset"] == "0"
    assert append(tablet, url, 0, PHOTO[:5000], **told).status_code == 204


@pytest.mark.parametrize("told", ["md5 AAAA", "sha256 !!!", "sha256", ""])
def test_a_checksum_that_cannot_be_read_is_malformed(tablet, url, told):
    answer = append(tablet, url, 0, PHOTO, **{"Upload-Checksum": told})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_a_part_at_another_offset_is_refused(tablet, url):
    append(tablet, url, 0, PHOTO[:10])
    for offset in (0, 11):
        answer = append(tablet, url, offset, PHOTO[offset:20])
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_offset")
        assert answer.json()["args"] == {"offset": 10}


def test_more_than_was_announced_is_refused_and_not_kept(tablet, url):
    assert append(tablet, url, 0, PHOTO + b"x").status_code == 400
    assert offset_of(tablet, url).headers["upload-offset"] == "0"


def test_a_file_over_the_limit_is_told_the_limit(tablet):
    answer = create(tablet, length=100_001)
    assert (answer.status_code, answer.json()["args"]) == (413, {"file_bytes_max": 100_000})


@pytest.mark.parametrize("length", ["", "-1", "ten", "1.5", "9" * 30])
def test_a_length_is_a_number_of_bytes(tablet, length):
    assert create(tablet, **{"Upload-Length": length}).status_code == 400


@pytest.mark.parametrize("metadata", ["name !", "a YQ==,a YQ==", "k " + "A" * 5000, ","])
def test_metadata_is_keys_with_base64_values(tablet, metadata):
    assert create(tablet, **{"Upload-Metadata": metadata}).json()["code"] == "malformed"


def test_metadata_comes_back_as_it_was(tablet):
    told = "filename cGhvdG8uanBn,is_confidential"
    url = create(tablet, **{"Upload-Metadata": told}).headers["location"]
    assert offset_of(tablet, url).headers["upload-metadata"] == told


@pytest.mark.parametrize("version", [None, "0.2.2"])
def test_another_version_of_tus_is_refused(tablet, url, version):
    headers = tablet.headers | ({"Tus-Resumable": version} if version else {})
    answer = tablet.client.patch(url, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (412, "tus_version")
    assert answer.headers["tus-version"] == "1.0.0"


def test_a_part_must_be_declared_as_one(tablet, url):
    answer = append(tablet, url, 0, PHOTO, **{"Content-Type": "application/octet-stream"})
    assert answer.status_code == 415


def test_an_upload_that_was_ended_is_gone(tablet, url):
    assert tablet.client.delete(url, headers=tablet.headers | TUS).status_code == 204
    assert offset_of(tablet, url).status_code == 410
    assert append(tablet, url, 0, PHOTO).json()["code"] == "gone_file"


def test_nobody_sees_another_tablets_upload(staffing, tablet, url):
    staffing.hire("other", "3502", "lobby_manager")
    other = staffing.tablet("other", "3502")
    assert offset_of(other, url).status_code == 404
    assert append(other, url, 0, PHOTO).status_code == 404
    assert other.client.delete(url, headers=other.headers | TUS).status_code == 404
    append(tablet, url, 0, PHOTO)
    assert other.get(f"/files/by-hash/{DIGEST}").json()["code"] == "not_found"


def test_a_supervisor_reads_what_the_own_institution_brought(staffing, tablet, url):
    append(tablet, url, 0, PHOTO)
    for staff_no, org_id, status in (("boss", "3501", 200), ("bank-boss", "35", 200), ("stranger", "36", 404)):
        staffing.hire(staff_no, org_id, "supervisor")
        assert staffing.tablet(staff_no, org_id).get(f"/files/by-hash/{DIGEST}").status_code == status


def test_without_a_token_there_is_no_upload(client):
    assert client.post("/api/v1/files", headers=TUS | {"Upload-Length": "1"}).status_code == 401


@pytest.mark.parametrize("id", ["..%2f..%2fetc", "%00", "a" * 32, "0" * 64, "中文"])
def test_a_made_up_name_finds_nothing(tablet, id):
    assert offset_of(tablet, f"/api/v1/files/{id}").status_code == 404
    assert tablet.get(f"/files/by-hash/{id}").status_code == 404


class Disk:
    """Uploads on a folder, with a clock that is told."""

    def __init__(self, folder):
        self.now = 1_000.0
        self.folder = folder
        self.blobs = Blobs(folder / "files")
        self.uploads = Uploads(folder / "uploads", self.blobs, life_s=60, clock=lambda: self.now)


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path)


def write(disk, upload, offset, data, checksum=None, *, is_whole=True):
    writer = disk.uploads.writer("i-1", upload.upload_id, offset, checksum)
    writer.write(data)
    return writer.close(is_whole=is_whole)


def test_what_came_before_the_line_broke_is_kept(disk):
    upload = disk.uploads.create(BRINGER, 10, "")
    assert write(disk, upload, 0, b"12345", is_whole=False).offset == 5


def test_half_a_part_with_a_checksum_counts_for_nothing(disk):
    upload = disk.uploads.create(BRINGER, 10, "")
    told = Checksum("sha256", hashlib.sha256(b"1234567890").digest())
    assert write(disk, upload, 0, b"12345", told, is_whole=False).offset == 0
    assert write(disk, upload, 0, b"1234567890", told).is_finished


def test_two_requests_cannot_write_one_upload(disk):
    upload = disk.uploads.create(BRINGER, 10, "")
    writer = disk.uploads.writer("i-1", upload.upload_id, 0, None)
    with pytest.raises(Busy):
        disk.uploads.writer("i-1", upload.upload_id, 0, None)
    assert writer.close(is_whole=True).offset == 0
    assert write(disk, upload, 0, b"1").offset == 1


@pytest.mark.parametrize("step", ["_save", "keep"])
def test_a_crash_while_an_upload_becomes_a_file_is_mended_by_the_next_look(disk, monkeypatch, step):
    upload = disk.uploads.create(BRINGER, 3, "")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        advance = disk.uploads.advance
        target = disk.blobs if step == "keep" else disk.uploads
        patch.setattr(disk.uploads, "advance", lambda *args: (patch.setattr(target, step, crash), advance(*args))[1])
        with pytest.raises(KeyboardInterrupt):
            write(disk, upload, 0, b"abc")
    seen = disk.uploads.get("i-1", upload.upload_id)
    again = seen if seen.is_finished else write(disk, upload, 0, b"abc")
    assert disk.blobs.has(again.digest)


def test_a_full_disk_keeps_the_upload_and_asks_for_patience(disk, monkeypatch):
    upload = disk.uploads.create(BRINGER, 3, "")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    writer = disk.uploads.writer("i-1", upload.upload_id, 0, None)
    with pytest.raises(Busy):
        writer.write(b"abc")
    assert writer.close(is_whole=False).offset == 0


def test_an_upload_expires_and_is_forgotten_later(disk):
    upload = disk.uploads.create(BRINGER, 3, "")
    disk.now += 61
    with pytest.raises(GoneFile):
        disk.uploads.get("i-1", upload.upload_id)
    assert (disk.uploads.sweep(), disk.uploads.sweep()) == (1, 0)
    with pytest.raises(GoneFile):
        disk.uploads.get("i-1", upload.upload_id)
    disk.now += uploads_module.KEPT_AFTER_END_S
    assert disk.uploads.sweep() == 1
    with pytest.raises(NotFound):
        disk.uploads.get("i-1", upload.upload_id)


def test_a_finished_file_outlives_its_upload(disk):
    upload = write(disk, disk.uploads.create(BRINGER, 3, ""), 0, b"abc")
    disk.now += 10 * uploads_module.KEPT_AFTER_END_S
    disk.uploads.sweep()
    assert disk.blobs.has(upload.digest)


def test_the_same_content_is_kept_once_with_everybody_who_brought_it(disk):
    other = Bringer(install_id="i-2", staff_no="s-2", org_id="3502")
    first = write(disk, disk.uploads.create(BRINGER, 3, ""), 0, b"abc")
    second = disk.uploads.create(other, 3, "")
    writer = disk.uploads.writer("i-2", second.upload_id, 0, None)
    writer.write(b"abc")
    assert writer.close(is_whole=True).digest == first.digest
    path, bringers = disk.blobs.get(first.digest)
    assert (path.read_bytes(), bringers) == (b"abc", [BRINGER, other])
    shutil.rmtree(disk.folder)


def test_one_install_cannot_open_uploads_without_end(disk, monkeypatch):
    monkeypatch.setattr(uploads_module, "OPEN_UPLOADS_MAX", 2)
    disk.uploads.create(BRINGER, 3, "")
    disk.uploads.create(BRINGER, 3, "")
    with pytest.raises(uploads_module.TooManyUploads):
        disk.uploads.create(BRINGER, 3, "")
