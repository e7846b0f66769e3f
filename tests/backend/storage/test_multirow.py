"""Many rows in one INSERT are the rows that one INSERT each would have made."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from backend.storage.multirow import ROWS_MAX, can_join, join_rows
from backend.storage.statements import statements_for

PLAIN = "INSERT INTO t (a, b) VALUES (?, ?)"
UPSERT = f"{PLAIN} ON CONFLICT (a) DO UPDATE SET b = excluded.b"
ROWS = st.lists(st.tuples(st.integers(0, 500), st.text(max_size=3)), max_size=3 * ROWS_MAX)


@given(ROWS)
def test_an_upsert_of_many_rows_ends_as_row_by_row(rows):
    together, one_by_one = (sqlite3.connect(":memory:") for _ in range(2))
    for connection in (together, one_by_one):
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    touched = sum(together.execute(text, values).rowcount for text, values in join_rows(UPSERT, rows))
    one_by_one.executemany(UPSERT, rows)
    assert touched == len(rows)
    assert together.execute("SELECT * FROM t").fetchall() == one_by_one.execute("SELECT * FROM t").fetchall()


def test_only_what_has_all_its_parameters_in_the_row_is_joined():
    assert can_join(PLAIN)
    assert can_join(UPSERT)
    assert not can_join(f"{UPSERT} WHERE t.a = ?")
    assert not can_join("UPDATE t SET b = ? WHERE a = ?")
    assert not can_join("DELETE FROM t WHERE a = ?")


def test_the_statements_of_a_push_are_joined_and_the_one_that_guards_a_version_is_not():
    sql = statements_for("sqlite")
    assert all(map(can_join, (sql.add_record, sql.add_membership, sql.put_membership, sql.add_evidence)))
    assert not can_join(sql.change_record)
