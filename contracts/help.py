"""Help (000-04 帮助): which version answers, and what grades, flags and figures mean, for people who read them."""

from contracts.base import Message
from contracts.version import SchemaRange


class FlagMeaning(Message, frozen=True, kw_only=True):
    """A flag of visits; words in braces stand for what was found."""

    code: str
    seriousness: str
    points: int
    zh: str
    en: str


class Help(Message, frozen=True, kw_only=True):
    """The version of the server and of what it speaks, and the words of its screens."""

    version: str
    protocol: str
    schema: SchemaRange
    flags: list[FlagMeaning]
    elements: dict[str, str]  # of a customer's stage, as a visit tells them (003 §4.4)
    duty: dict[str, str]  # figures of the month report
    score: dict[str, str]  # components of a score
    pages: list[str]
