"""The cursor comes back as it went out, and nobody but the server can make one (C1)."""

import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.pull import BUCKETS_MAX, CURSOR_LENGTH_MAX
from sync.cursor import COMMON, FORM, Cursor, Position, epoch_marks, open_cursor, seal_cursor
from sync.errors import CursorInvalid
from sync.signing import decode_base64url, encode_base64url

SECRET = b"secret"
EPOCH, INSTALL, OTHER = "e-1", "i-1", "i-2"
MARKS = epoch_marks(EPOCH)
FIRST_MARK_BYTES = 6
seqs = st.integers(0, 2**60)
positions = st.dictionaries(
    st.sampled_from(["catalog", "branch:1", "install:i-1", "install:i-2", "portfolio:a.b_c-d", "staff:7"]),
    st.builds(Position, seqs, st.none() | seqs),
)
cursors = st.builds(Cursor, epoch=st.just(EPOCH), schema=st.integers(1, 99), positions=positions)


def seal_first(cursor, install_id, secret):
    """Write a cursor as the first version of the server did."""
    short = {"@" if name == f"install:{install_id}" else name: at for name, at in cursor.positions.items()}
    mark = next(mark for mark in epoch_marks(cursor.epoch) if len(mark) == FIRST_MARK_BYTES)
    boots = {name: at.boot for name, at in short.items() if at.boot is not None}
    payload = msgspec.msgpack.encode([mark, cursor.schema, {name: at.seq for name, at in short.items()}, boots])
    seal = hmac.digest(secret, b"cursor|" + install_id.encode() + b"|" + payload, "sha256")[:8]
    return f"v1.{encode_base64url(payload + seal)}"


def is_refused(text, install_id=INSTALL, secret=SECRET):
    with pytest.raises(CursorInvalid):
        open_cursor(text, install_id, secret, MARKS)
    return True


@given(cursors)
def test_it_comes_back_as_it_went_out(cursor):
    assert open_cursor(seal_cursor(cursor, INSTALL, SECRET), INSTALL, SECRET, MARKS) == cursor


@given(cursors)
def test_another_installs_or_another_servers_cursor_is_refused(cursor):
    text = seal_cursor(cursor, INSTALL, SECRET)
    assert is_refused(text, install_id=OTHER)
    assert is_refused(text, secret=b"other")


@given(cursors)
def test_one_of_the_first_form_is_understood(cursor):
    text = seal_first(cursor, INSTALL, SECRET)
    assert open_cursor(text, INSTALL, SECRET, MARKS) == cursor
    assert is_refused(text, install_id=OTHER)
    assert is_refused(text, secret=b"other")


def test_one_that_a_server_of_the_first_version_made_is_understood():
    text = "v1.lMQGuU9SMZaqAYKoYnJhbmNoOjEDp2NhdGFsb2cHgahicmFuY2g6MQGpWPsyJoriOQ"
    cursor = Cursor(epoch=EPOCH, schema=1, positions={"branch:1": Position(3, 1), "catalog": Position(7)})
    assert open_cursor(text, INSTALL, SECRET, MARKS) == cursor


def test_what_cursors_have_in_common_never_changes():
    assert COMMON == b",portfolio:@,catalog,portfolio:,staff:,team:,visits:@,branch:,catalog,staff:"


@pytest.mark.parametrize(("seal", "form"), [(seal_cursor, FORM), (seal_first, "v1.")])
def test_a_flipped_bit_is_found_at_every_place(seal, form):
    cursor = Cursor(epoch=EPOCH, schema=1, positions={"catalog": Position(7), "branch:1": Position(3, 1)})
    text = seal(cursor, INSTALL, SECRET)
    raw = decode_base64url(text.removeprefix(form))
    for at in range(len(raw)):
        for bit in range(8):
            forged = raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]
            assert is_refused(f"{form}{encode_base64url(forged)}")
    for at in range(len(text)):
        for bit in range(7):
            assert is_refused(text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :])


@given(cursors, st.data())
def test_a_piece_of_one_is_refused(cursor, data):
    text = seal_cursor(cursor, INSTALL, SECRET)
    begin, end = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    assert (begin, end) == (0, len(text)) or is_refused(text[begin:end])


@given(cursors)
def test_the_seal_of_one_form_is_none_of_the_other(cursor):
    first, present = (decode_base64url(seal_first(cursor, INSTALL, SECRET)[3:]), seal_cursor(cursor, INSTALL, SECRET))
    assert is_refused(FORM + encode_base64url(first))
    assert is_refused("v1." + present.removeprefix(FORM))


@given(
    st.text(max_size=60)
    | st.binary(max_size=60).map(lambda raw: f"v1.{encode_base64url(raw)}")
    | st.binary(max_size=60).map(lambda raw: FORM + encode_base64url(raw))
)
def test_anything_else_is_refused(text):
    assert is_refused(text)


@pytest.mark.parametrize("text", ["", "v1", "v1.", "v1.====", "v2.AAAA", "v1.é", "2", "2.", "2====", "2é", "3AAAA"])
def test_what_looks_a_little_like_one_is_refused(text):
    assert is_refused(text)


def test_padding_and_foreign_characters_do_not_make_another_spelling_of_it():
    text = seal_cursor(Cursor(epoch=EPOCH, schema=1, positions={}), INSTALL, SECRET)
    for spelled in (text + "=", text + "\n", text[:5] + "!" + text[5:], " " + text):
        assert is_refused(spelled)


def test_a_cursor_of_another_epoch_is_genuine_and_says_so_by_an_empty_epoch():
    text = seal_cursor(Cursor(epoch="e-0", schema=1, positions={}), INSTALL, SECRET)
    assert open_cursor(text, INSTALL, SECRET, MARKS).epoch == ""


def test_a_persons_own_buckets_take_no_more_than_a_hundred_characters():
    names = [f"install:{INSTALL}", "branch:b123456789", "catalog", "staff:s987654321", "team:b123456789"]
    cursor = Cursor(epoch=EPOCH, schema=2, positions={name: Position(99_999) for name in names})
    assert len(seal_cursor(cursor, INSTALL, SECRET)) <= 100


def test_the_largest_scope_fits_into_a_request():
    names = [f"portfolio:{'x' * 76}{n:04}" for n in range(BUCKETS_MAX)]
    cursor = Cursor(epoch=EPOCH, schema=9, positions={name: Position(2**50, 2**50) for name in names})
    assert len(seal_cursor(cursor, INSTALL, SECRET)) <= CURSOR_LENGTH_MAX
