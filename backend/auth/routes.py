"""The doors of enrolment and sign-in, and how every other door learns who asks.

Mount `auth_routes` and `admin_routes` (backend.auth.admin_routes) under `/api/v1`, and give the app
`provide_auth(auth)` as dependencies; handlers then declare `actor: NamedDependency[Actor]`.
"""

from functools import partial

from litestar import Controller, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from backend.auth.enrolment import enrol
from backend.auth.gate import Gate
from backend.auth.guard import Authenticator
from backend.auth.partners import Partner, identify_partner
from backend.auth.parts import Auth
from backend.auth.sessions import refresh, sign_out
from backend.auth.signing_in import sign_in
from backend.errors import AnyRequest
from contracts.auth import EnrolRequest, EnrolResponse, RefreshRequest, SignInRequest, TokenResponse
from sync.errors import Malformed
from sync.kind import Actor

PUBLIC = {"is_public": True}


class AuthController(Controller):
    """Letting tablets and people in and out."""

    path = "/auth"
    tags = ("auth",)

    @post("/enrol", status_code=201, opt=PUBLIC, sync_to_thread=True)
    def enrol(
        self,
        request: AnyRequest,
        data: JSONBody[EnrolRequest],
        auth: NamedDependency[Auth],
        gate: NamedDependency[Gate],
    ) -> EnrolResponse:
        """Bind an install to a device and its public key, by an administrator's code."""
        gate.check(data.install_id, address_of(request))
        return enrol(auth, data)

    @post("/sign-in", status_code=200, opt=PUBLIC)
    async def sign_in(
        self,
        request: AnyRequest,
        data: JSONBody[SignInRequest],
        auth: NamedDependency[Auth],
        gate: NamedDependency[Gate],
    ) -> TokenResponse:
        """Begin a session by password and device proof."""
        gate.check(data.install_id, address_of(request))
        return await gate.run(partial(sign_in, auth, data))

    @post("/refresh", status_code=200, opt=PUBLIC, sync_to_thread=True)
    def refresh(
        self,
        request: AnyRequest,
        data: JSONBody[RefreshRequest],
        auth: NamedDependency[Auth],
        gate: NamedDependency[Gate],
    ) -> TokenResponse:
        """Trade a refresh token for a new pair."""
        gate.check(data.install_id, address_of(request))
        return refresh(auth, data)

    @post("/sign-out", status_code=204, sync_to_thread=True)
    def sign_out(self, actor: NamedDependency[Actor], auth: NamedDependency[Auth]) -> None:
        """End the person's sessions on this install."""
        sign_out(auth, actor)


auth_routes = [AuthController]


def provide_auth(auth: Auth, gate: Gate | None = None) -> dict[str, Provide]:
    """Return the app's dependencies `auth`, `gate`, `authenticator`, `actor` and `partner`.

    On SQLite the guard's read takes microseconds, less than a thread's turn, so it stays on the event loop.
    """
    gate = gate or Gate(auth.settings)
    authenticator = Authenticator(auth)
    is_quick = auth.store.engine.dialect.name == "sqlite"
    return {
        "auth": Provide(lambda: auth, sync_to_thread=False),
        "gate": Provide(lambda: gate, sync_to_thread=False),
        "authenticator": Provide(lambda: authenticator, sync_to_thread=False),
        "actor": Provide(provide_actor, sync_to_thread=not is_quick),
        "partner": Provide(provide_partner, sync_to_thread=not is_quick),
    }


def provide_actor(request: AnyRequest, authenticator: NamedDependency[Authenticator]) -> Actor:
    """Return who asks, by the headers Authorization, Sync-Install and Sync-Schema."""
    headers = request.headers
    return authenticator.authenticate(
        headers.get("authorization"), headers.get("sync-install"), read_schema(headers.get("sync-schema"))
    )


def provide_partner(request: AnyRequest, auth: NamedDependency[Auth]) -> Partner:
    """Return which system asks, by its key; handlers then say by `require_sort` which sort may."""
    return identify_partner(auth, request.headers.get("authorization"))


def read_schema(header: str | None) -> int | None:
    """Return the schema that a tablet speaks, or None if it does not say. Raises Malformed."""
    if header is None:
        return None
    if not (header.isascii() and header.isdigit() and 0 < len(header) <= 6 and int(header) > 0):
        raise Malformed("Sync-Schema must be a positive number")
    return int(header)


def address_of(request: AnyRequest) -> str:
    """Return the network address that a request came from."""
    return request.client.host if request.client else ""
