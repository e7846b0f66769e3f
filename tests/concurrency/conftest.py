"""Databases for the tests of this folder."""

from tests.support.databases import migrated_file, migrated_template, postgres, postgres_url, sqlite_url

__all__ = ["migrated_file", "migrated_template", "postgres", "postgres_url", "sqlite_url"]
