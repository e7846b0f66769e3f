"""Databases of each sort, for every test of the server."""

from tests.support.databases import (
    data_dir,
    empty_postgres_url,
    migrated_file,
    migrated_template,
    postgres,
    postgres_url,
    sqlite_url,
    url,
)

__all__ = [
    "data_dir", "empty_postgres_url", "migrated_file", "migrated_template", "postgres", "postgres_url", "sqlite_url",
    "url",
]  # fmt: skip
