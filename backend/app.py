"""The composition root: puts the parts together, and takes them apart in the right order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from litestar import Litestar, Router
from litestar.di import Provide

from backend.auth.admin_routes import admin_routes
from backend.auth.gate import Gate
from backend.auth.parts import Auth
from backend.auth.routes import auth_routes, provide_auth
from backend.domain.customers.models import PROJECTIONS as OF_CUSTOMERS
from backend.domain.forms.models import FORM_PROJECTION
from backend.domain.handoffs import LATER, list_reactions
from backend.domain.handoffs.media import settle_media
from backend.domain.handoffs.visits import Grader, thresholds_of
from backend.domain.marketing.models import PRODUCT_PROJECTION
from backend.domain.orgs.queries import orgs_below
from backend.domain.reviews.models import REVIEW_PROJECTION
from backend.domain.tasks.models import LEAD_PROJECTION
from backend.domain.tickets.models import COUNTER_PROJECTION, TICKET_PROJECTION
from backend.domain.tickets.rules.life import CallRule
from backend.domain.visits.models import VISIT_PROJECTION
from backend.errors import EXCEPTION_HANDLERS
from backend.files.blobs import Blobs
from backend.files.disk import make_folder
from backend.files.routes import FILES_PATH, FileDoor, FilesController
from backend.files.tus import capabilities
from backend.files.uploads import Uploads
from backend.jobs.leader import leadership_for
from backend.jobs.lobby import lobby_jobs
from backend.jobs.schedule import Clockwork
from backend.jobs.work import list_jobs
from backend.line.desk import LineDesk
from backend.line.routes import LINE_ROUTES
from backend.live.ending import end_listening_when_told
from backend.registry import kinds_with
from backend.settings import Settings
from backend.storage.engine import make_engine
from backend.storage.follow_ups import count_waiting
from backend.storage.reactions import Reactions
from backend.storage.secrets import server_secrets
from backend.storage.sql_store import SqlStore
from backend.sync_api.customer_routes import CustomerController
from backend.sync_api.customers import CustomerDesk
from backend.sync_api.desk import Desk
from backend.sync_api.desk_routes import DESK_ROUTES
from backend.sync_api.door import SyncDoor
from backend.sync_api.duty.deeds import DutyDeeds
from backend.sync_api.duty.desk import DutyDesk
from backend.sync_api.duty.routes import DUTY_ROUTES
from backend.sync_api.duty.score_routes import ScoreController
from backend.sync_api.duty.scores import ScoreDesk, weights_of
from backend.sync_api.help_routes import show_help
from backend.sync_api.lead_desk import LeadDesk
from backend.sync_api.lead_routes import LeadController
from backend.sync_api.lobby_desk import LobbyDesk, lobby_settings
from backend.sync_api.lobby_routes import LobbyController
from backend.sync_api.offer_desk import OfferDesk
from backend.sync_api.offer_routes import MarketingController
from backend.sync_api.proof_routes import PROOF_ROUTES, ProofDesk
from backend.sync_api.routes import SyncController
from backend.sync_api.visits.deeds import VisitDeeds
from backend.sync_api.visits.desk import VisitDesk
from backend.sync_api.visits.map import VisitMap
from backend.sync_api.visits.routes import VISIT_ROUTES
from backend.sync_api.workbench_desk import WorkbenchDesk
from backend.sync_api.workbench_routes import WorkbenchController
from backend.teller.door import TellerDoor
from backend.teller.routes import TellerController
from backend.web.doorway import Doorway
from backend.web.health import Readiness, has_room, is_migrated, show_live, show_ready
from backend.web.metrics import Metrics, show_metrics
from backend.web.openapi import API, openapi_config, show_openapi
from backend.web.options import Options
from backend.web.pages import show_asset, show_docs, show_errors
from contracts.export import contract_hash
from sync.engine import Engine, EngineSettings

PROJECTIONS = {
    **OF_CUSTOMERS,
    "counter": COUNTER_PROJECTION,
    "form": FORM_PROJECTION,
    "lead": LEAD_PROJECTION,
    "product": PRODUCT_PROJECTION,
    "review": REVIEW_PROJECTION,
    "ticket": TICKET_PROJECTION,
    "visit_grade": VISIT_PROJECTION,
}

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


class House:
    """Every part of one server process, put together. `close` it when it has served."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        calls = CallRule(
            after_s=settings.recall_after_s, times_max=settings.recalls_max, grace_s=settings.return_grace_min * 60
        )
        kinds = kinds_with(calls)
        folder = Path(settings.data_dir)
        make_folder(folder.absolute())
        reactions = Reactions(kinds, list_reactions(settings), later=LATER)
        self.store = SqlStore(
            make_engine(settings.database), PROJECTIONS, reactions=reactions, on_commit=self._committed
        )  # fmt: skip
        kept = server_secrets(self.store)
        self.engine = Engine(
            self.store, kinds, clock=clock, new_id=lambda: str(uuid4()), secret=kept.secret,
            server_key=kept.server_key, contract_hash=contract_hash(), settings=engine_settings(settings),
        )  # fmt: skip
        self.auth = Auth(self.store, kept.secret, clock, settings)
        self.metrics = Metrics(lambda: count_waiting(self.store))
        self.door = SyncDoor(self.engine, self.auth, self.metrics)
        self.line = LineDesk(self.engine, self.store, self.door.run, behind=settings.returned_behind)
        self.teller = TellerDoor(
            self.engine, self.store, self.door.run, failures_per_min=settings.pick_up_failures_per_min
        )  # fmt: skip
        self.blobs = Blobs(folder / "files")
        self.uploads = Uploads(folder / "uploads", self.blobs, life_s=settings.upload_life_h * 3600)
        self.lobby = lobby_settings(settings)
        grader = Grader(limits=thresholds_of(settings))
        media = partial(settle_media, self.store, kinds, grader, self.blobs.has)
        jobs = [
            *list_jobs(self.engine, self.store, self.uploads.sweep, media, settings),
            *lobby_jobs(self.engine, self.store, self.lobby.prior_s, self.lobby.savings, settings),
        ]
        self.clockwork = Clockwork(jobs, self.store, leadership_for(self.store.engine, folder), clock)
        self.epoch = self.store.read(lambda look: look.epoch())

    def close(self) -> None:
        """Let running work end, then let go of the database."""
        self.clockwork.stop()
        self.door.close()
        self.store.close()

    def readiness(self) -> Readiness:
        """Return what must hold before this process is sent requests."""
        folder = Path(self.settings.data_dir)
        return Readiness(
            {
                "database": lambda: bool(self.store.read(lambda look: look.epoch())),
                "migrations": lambda: is_migrated(self.store.engine),
                "disk": lambda: has_room(folder),
            }
        )

    def _committed(self, moved: frozenset[str]) -> None:
        self.door.hub.committed(moved)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> Litestar:
    """Return the server as an ASGI application, on a database that is migrated."""
    house = House(settings, clock)
    doors: list[Any] = [
        *auth_routes, *admin_routes, SyncController, *DESK_ROUTES, *LINE_ROUTES, TellerController,
        MarketingController, CustomerController, LobbyController, *PROOF_ROUTES, *DUTY_ROUTES,
        ScoreController, *VISIT_ROUTES, FilesController, LeadController,
        WorkbenchController, show_help,
    ]  # fmt: skip
    api = Router(API, route_handlers=doors)
    app = Litestar(
        [api, show_live, show_ready, show_metrics, show_docs, show_asset, show_errors, show_openapi],
        dependencies=dependencies(house),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=openapi_config(version("padsync")),
        lifespan=[lambda _app: living(house)],
        logging_config=None,  # the log is set up where the process starts
    )
    app.state.house, app.state.door = house, house.door
    files = {f"{API}{FILES_PATH}": capabilities(settings.file_bytes_max)}
    app.asgi_handler = Doorway(Options(app.asgi_handler, app, files), house.metrics, house.epoch)
    return app


def dependencies(house: House) -> dict[str, Provide]:
    """Return what handlers may ask for by name."""
    files = FileDoor(
        house.uploads,
        house.blobs,
        file_bytes_max=house.settings.file_bytes_max,
        area_of=lambda org_id: house.store.read(lambda look: orgs_below(look.connection, org_id)),
    )
    parts: dict[str, Any] = {
        "door": house.door,
        "customers": CustomerDesk(house.engine, house.store, house.settings.offline_money_h),
        "desk": Desk(house.engine, house.store),
        "proof_desk": ProofDesk(house.engine, house.store),
        "duty_desk": DutyDesk(house.store),
        "duty_deeds": DutyDeeds(house.engine, house.store),
        "score_desk": ScoreDesk(house.store, weights_of(house.settings)),
        "visit_desk": VisitDesk(house.store, thresholds_of(house.settings)),
        "visit_deeds": VisitDeeds(house.engine, house.store),
        "visit_map": VisitMap(house.store),
        "offer_desk": OfferDesk(house.store),
        "lead_desk": LeadDesk(house.engine, house.store),
        "workbench_desk": WorkbenchDesk(house.store),
        "lobby": LobbyDesk(house.store, house.engine.clock, house.lobby),
        "files": files,
        "line": house.line,
        "teller": house.teller,
        "metrics": house.metrics,
        "readiness": house.readiness(),
    }
    own = {name: Provide(_returning(part), sync_to_thread=False) for name, part in parts.items()}
    return provide_auth(house.auth, Gate(house.settings)) | own


@asynccontextmanager
async def living(house: House) -> AsyncIterator[None]:
    """Run what runs beside requests, from the first request to after the last."""
    telling = asyncio.create_task(house.door.hub.run())
    end_listening_when_told(house.door.hub)
    house.store.start_following()
    house.clockwork.start()
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await asyncio.to_thread(house.close)


def engine_settings(settings: Settings) -> EngineSettings:
    """Return the part of the settings that the engine needs."""
    return EngineSettings(
        purge_deadline_h=settings.purge_deadline_h,
        lease_h=settings.lease_life_h,
        retention_d=settings.compaction_horizon_d,
        challenge_window_s=settings.challenge_window_s,
        contact_d=settings.offline_contact_d,
        journal_d=settings.offline_journal_d,
        money_h=settings.offline_money_h,
        file_bytes_max=settings.file_bytes_max,
        lease_want_max=settings.lease_numbers,
    )


def _returning(part: Any) -> Callable[[], Any]:
    return lambda: part
