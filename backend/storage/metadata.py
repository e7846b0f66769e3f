"""The one collection of tables, and the column types that mean the same on SQLite and on PostgreSQL."""

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, Text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Sorted by bytes on both databases, so that SQL and Python agree about order and an index serves prefixes.
Word = Text().with_variant(Text(collation="C"), "postgresql")
Number = BigInteger()
# A number that the database gives out. SQLite does that for INTEGER only.
Serial = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary()
