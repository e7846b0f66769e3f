"""The API described as OpenAPI 3.1: the framework knows the paths, the contract knows the messages."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, get
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from backend.errors import PROBLEM_JSON
from backend.web.bodies import JSON
from contracts.export import REF, message_schemas
from contracts.version import PROTOCOL

API = "/api/v1"
DOCS_PATH = "/docs"
BEARER = {"type": "http", "scheme": "bearer", "description": "The access token of /auth/sign-in."}
CLOCK_HEADERS = {
    "Sync-Install": "The install; the same as in the token.",
    "Sync-Schema": "The schema that the app was built for.",
    "Sync-Time": "Clock evidence: the tablet's wall clock, ms since 1970.",
    "Sync-Boot": "Clock evidence: what tells one start of the tablet from another.",
    "Sync-Mono": "Clock evidence: ms since that start.",
}


def openapi_config(version: str) -> OpenAPIConfig:
    """Return what the framework needs to describe its part."""
    return OpenAPIConfig(
        title="padsync",
        version=version,
        description=f"Offline sync for bank tablets, protocol {PROTOCOL}. Errors: {DOCS_PATH}/errors.",
        path=f"{DOCS_PATH}/schema",
        render_plugins=[JsonRenderPlugin()],
    )


@get("/openapi.json", include_in_schema=False, media_type=OpenAPIMediaType.OPENAPI_JSON, sync_to_thread=False)
def show_openapi(request: Request[Any, Any, Any]) -> bytes:
    """The API as OpenAPI 3.1."""
    return msgspec.json.encode(described(request.app))


@cache
def described(app: Litestar) -> dict[str, Any]:
    """Return the API of `app` with the contract's own schemas, bodies, headers and errors."""
    document = msgspec.to_builtins(app.openapi_schema.to_schema(), enc_hook=str)
    components = document.setdefault("components", {})
    components["schemas"] = components.get("schemas", {}) | message_schemas()
    components["securitySchemes"] = {"token": BEARER}
    for path, method, handler in _handlers(app):
        _describe(document["paths"][path][method], handler, path)
    return document  # type: ignore[no-any-return]  # to_builtins returns what it was given, as plain data


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema() and str(method) != "OPTIONS":
                    yield route.path_format, str(method).lower(), handler


def _describe(operation: dict[str, Any], handler: HTTPRouteHandler, path: str) -> None:
    if takes := handler.opt.get("takes"):
        operation["requestBody"] = {"required": True, "content": _content(JSON, takes)}
    responses = operation.setdefault("responses", {})
    if gives := handler.opt.get("gives"):
        responses[str(handler.status_code)] = {"description": gives, "content": _content(JSON, gives)}
    responses.pop("400", None)
    responses["default"] = {"description": "A problem.", "content": _content(PROBLEM_JSON, "ProblemDocument")}
    if not handler.opt.get("is_public"):
        operation["security"] = [{"token": []}]
    if path.startswith(f"{API}/sync"):
        operation.setdefault("parameters", []).extend(_clock_headers())


def _content(media_type: str, message: str) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": REF.format(name=message)}}}


def _clock_headers() -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
        for name, about in CLOCK_HEADERS.items()
    ]
