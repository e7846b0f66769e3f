"""The table of institutions."""

from sqlalchemy import Column, Double, ForeignKey, Index, Table

from backend.storage.metadata import Word, metadata

org = Table(
    "org",
    metadata,
    Column("org_id", Word, primary_key=True),
    Column("name", Word, nullable=False),
    Column("level", Word, nullable=False),  # union · bank · branch
    Column("parent", Word, ForeignKey("org.org_id")),
    Column("lat", Double),
    Column("lon", Double),
    # Serves the walk down the tree.
    Index("ix_org_parent", "parent"),
)
