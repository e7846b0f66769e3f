"""The route of help."""

from importlib.metadata import version

from litestar import get
from litestar.di import NamedDependency

from backend.domain.visits.rules.catalogue import FLAG_SORTS
from backend.domain.visits.rules.stages import ELEMENTS
from backend.sync_api.duty.definitions import DEFINITIONS
from backend.sync_api.duty.scoring import DEFINITIONS as SCORE_DEFINITIONS
from contracts.help import FlagMeaning, Help
from contracts.version import PROTOCOL, SchemaRange
from sync.kind import Actor

PAGES = ["/docs", "/docs/errors"]


@get("/help", tags=["help"], sync_to_thread=False)
def show_help(actor: NamedDependency[Actor]) -> Help:
    """The version, and what grades, flags and figures mean; an app keeps it for when there is no line."""
    del actor  # anybody who is signed in
    flags = [
        FlagMeaning(code=one.code, seriousness=one.seriousness.value, points=one.points, zh=one.zh, en=one.en)
        for one in FLAG_SORTS
    ]
    return Help(
        version=version("padsync"), protocol=PROTOCOL, schema=SchemaRange(), flags=flags, elements=dict(ELEMENTS),
        duty=dict(DEFINITIONS), score=dict(SCORE_DEFINITIONS), pages=PAGES,
    )  # fmt: skip
