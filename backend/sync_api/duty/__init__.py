"""Compliance online: the month report and what it opens to, rules, exemptions, samples."""
