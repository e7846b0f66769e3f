"""The tables of duty: the calendar, rules, the facts by day, obligations, and the figures of months."""

from sqlalchemy import Boolean, Column, Index, Table

from backend.domain.compliance.rules.figures import Figures
from backend.storage.metadata import Bytes, Number, Word, metadata

workday = Table(
    "workday",
    metadata,
    Column("day", Word, primary_key=True),
    Column("kind", Word, nullable=False),  # workday · make_up · weekend · holiday
    Column("source", Word, nullable=False),
    Column("version", Word, nullable=False),
    Column("is_confirmed", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

duty_rule = Table(
    "duty_rule",
    metadata,
    Column("rule_id", Word, primary_key=True),
    Column("code", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("valid_from_month", Word, nullable=False),
    Column("rule", Bytes, nullable=False),  # rules.versions.RuleVersion as JSON
    Column("note", Word, nullable=False),
    Column("added_by", Word, nullable=False),
    Column("added_at", Word, nullable=False),
    # Serves every judgement: all versions in the order in which they were added.
    Index("ix_duty_rule_added", "added_at", "rule_id"),
)

duty_customer = Table(
    "duty_customer",
    metadata,
    Column("customer_id", Word, primary_key=True),
    Column("org_id", Word, nullable=False),
    Column("known_at", Word, nullable=False),  # the moment of the newest fact
    # Serves the month's close: the customers of an institution in pages.
    Index("ix_duty_customer_org", "org_id", "customer_id"),
)

# In whose portfolio a customer lay, from a day on.
duty_ownership = Table(
    "duty_ownership",
    metadata,
    Column("customer_id", Word, primary_key=True),
    Column("role", Word, primary_key=True),  # host · assist
    Column("day", Word, primary_key=True),
    Column("portfolio_id", Word),
    # Serves the hand-over of a portfolio: whose duties it moves.
    Index("ix_duty_ownership_portfolio", "portfolio_id"),
    sqlite_with_rowid=False,
)

loan = Table(
    "loan",
    metadata,
    Column("loan_id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("opened_on", Word, nullable=False),
    Column("settled_on", Word),
    Column("contract_fen", Number, nullable=False),
    # Serves every judgement: the loans of some customers.
    Index("ix_loan_customer", "customer_id"),
)

loan_balance = Table(
    "loan_balance",
    metadata,
    Column("loan_id", Word, primary_key=True),
    Column("day", Word, primary_key=True),
    Column("balance_fen", Number, nullable=False),  # from that day on
    sqlite_with_rowid=False,
)

duty_visit = Table(
    "duty_visit",
    metadata,
    Column("visit_id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    Column("visitor", Word, nullable=False),
    Column("type", Word, nullable=False),
    Column("day", Word, nullable=False),
    Column("t_est", Word, nullable=False),
    Column("grade", Word, nullable=False),
    Column("review", Word, nullable=False),
    Column("content_chars", Number, nullable=False),
    Column("has_coordinate", Boolean, nullable=False),
    Column("amends", Word),  # written no more: `review` says whether another visit stands in its place
    # Serves every judgement: a customer's visits in a period.
    Index("ix_duty_visit_customer", "customer_id", "day"),
    # Serves the call-back sample: the visits of a stretch of days.
    Index("ix_duty_visit_day", "day", "visit_id"),
)

duty_exemption = Table(
    "duty_exemption",
    metadata,
    Column("exemption_id", Word, primary_key=True),
    Column("customer_id", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("code", Word, nullable=False),  # empty: every duty
    Column("first_month", Word, nullable=False),
    Column("last_month", Word, nullable=False),
    Column("reason", Word, nullable=False),
    Column("evidence", Word, nullable=False),
    Column("state", Word, nullable=False),  # open · approved · rejected
    Column("applied_by", Word, nullable=False),
    Column("applied_at", Word, nullable=False),
    Column("decided_by", Word),
    Column("decided_at", Word),
    Column("decision_note", Word),
    Index("ix_duty_exemption_customer", "customer_id"),
    Index("ix_duty_exemption_state", "state", "applied_at", "exemption_id"),
)

obligation = Table(
    "obligation",
    metadata,
    Column("customer_id", Word, primary_key=True),
    Column("period", Word, primary_key=True),
    Column("code", Word, primary_key=True),
    Column("month", Word, nullable=False),
    Column("org_id", Word, nullable=False),
    Column("rule_id", Word, nullable=False),
    Column("owner", Word, nullable=False),
    Column("first", Word, nullable=False),
    Column("last", Word, nullable=False),
    Column("measured_fen", Number, nullable=False),
    Column("required", Number, nullable=False),
    Column("counted", Number, nullable=False),
    Column("pending", Number, nullable=False),
    Column("status", Word, nullable=False),
    Column("is_confirmed", Boolean, nullable=False),
    Column("detail", Bytes, nullable=False),  # rules.kept.Detail as JSON
    # Serves the drill from a month's figures to the duties of an institution or an owner.
    Index("ix_obligation_month", "month", "org_id", "owner", "customer_id"),
)

duty_month = Table(
    "duty_month",
    metadata,
    Column("month", Word, primary_key=True),
    Column("state", Word, nullable=False),  # open · provisional · final
    Column("revision", Number, nullable=False),
    Column("changed_at", Word, nullable=False),
)

duty_revision = Table(
    "duty_revision",
    metadata,
    Column("month", Word, primary_key=True),
    Column("revision", Number, primary_key=True),
    Column("made_at", Word, nullable=False),
    Column("made_by", Word, nullable=False),
    Column("cause", Word, nullable=False),  # provisional · final · late_visit · review · exemption · recalculation
    Column("reason", Word, nullable=False),
    sqlite_with_rowid=False,
)

# What a revision of a closed month changed, with the numbers that stood before.
duty_change = Table(
    "duty_change",
    metadata,
    Column("month", Word, primary_key=True),
    Column("revision", Number, primary_key=True),
    Column("customer_id", Word, primary_key=True),
    Column("period", Word, primary_key=True),
    Column("code", Word, primary_key=True),
    Column("org_id", Word, nullable=False),
    Column("before", Bytes),  # rules.kept.Kept as JSON; None: there was no such duty
    Column("after", Bytes),
    sqlite_with_rowid=False,
)

# Revision 0 is the newest numbers. Another revision holds the rows that it changed, a close all of them.
duty_figure = Table(
    "duty_figure",
    metadata,
    Column("month", Word, primary_key=True),
    Column("revision", Number, primary_key=True),
    Column("org_id", Word, primary_key=True),
    Column("owner", Word, primary_key=True),
    Column("code", Word, primary_key=True),
    *(Column(name, Number, nullable=False) for name in Figures.__struct_fields__),
    sqlite_with_rowid=False,
)
