"""The one place where a refusal becomes HTTP: problem+json with a stable code (RFC 9457, protocol.md §8)."""

import traceback
from collections.abc import Mapping
from math import ceil
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import ExceptionHandlersMap, Method
from litestar.utils.path import normalize_path

from backend.wording import list_wrong
from contracts.errors import ErrorCode, ProblemDocument
from sync.errors import SyncError

AnyRequest = Request[Any, Any, Any]

PROBLEM = "padsync.problem"  # where a request keeps the code that it was refused with
PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_MS = 1000  # when a refusal that passes does not say how long
STATUS_WITHOUT_ONE = 400  # an outcome's code that ends a whole request, as a receipt with a bad signature does
FRAMES_MAX = 30
METHODS: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

BY_STATUS = {
    400: ErrorCode.MALFORMED,
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    429: ErrorCode.TOO_MANY_REQUESTS,
    503: ErrorCode.UNAVAILABLE,
}

_log = structlog.get_logger("padsync.errors")


class UnsupportedMediaType(SyncError):
    """The body is not JSON."""

    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE


class ContentEncodingBroken(SyncError):
    """The compressed body cannot be inflated."""

    code = ErrorCode.CONTENT_ENCODING


class TooManyRequests(SyncError):
    """The caller must wait."""

    code = ErrorCode.TOO_MANY_REQUESTS


def problem_of(code: ErrorCode, detail: str = "", args: Mapping[str, Any] | None = None) -> ProblemDocument:
    """Return the document that tells of `code`; `retry_after_ms` moves out of `args` to where clients look for it."""
    told = dict(args or {})
    retry_after_ms = told.pop("retry_after_ms", RETRY_AFTER_MS if code.status in (429, 503) else None)
    return ProblemDocument(
        type=f"/docs/errors#{code.code}",
        title=code.meaning,
        status=code.status or STATUS_WITHOUT_ONE,
        code=code.code,
        detail=detail,
        args=told,
        retry_after_ms=retry_after_ms,
    )


def headers_of(problem: ProblemDocument) -> dict[str, str]:
    """Return the headers that HTTP wants beside this problem."""
    headers = {"Cache-Control": "no-store"}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.code == ErrorCode.TUS_VERSION.code:
        headers["Tus-Version"] = problem.args["spoken"]
    if problem.status == 426:
        headers["Upgrade"] = "padsync"
    if problem.retry_after_ms is not None:
        headers["Retry-After"] = str(ceil(problem.retry_after_ms / 1000))
    return headers


def answer(request: AnyRequest, problem: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """Return the HTTP answer for `problem`, and leave its code on the request for the counters."""
    scope: Any = request.scope
    scope[PROBLEM] = problem.code
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=headers_of(problem) | dict(headers or {}),
    )


def on_refusal(request: AnyRequest, refusal: SyncError) -> Response[bytes]:
    """Tell what the engine, the guards or the doors refused."""
    return answer(request, problem_of(refusal.code, refusal.detail, refusal.args_of_problem))


def on_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Tell what the framework refused: paths, methods, parameters."""
    if error.status_code >= 500 and error.status_code not in BY_STATUS:
        return on_defect(request, error)
    code = BY_STATUS.get(error.status_code, ErrorCode.MALFORMED)
    wrong = list_wrong(request, error)
    detail = "; ".join(f"`{one.key}`: {one.message}" for one in wrong) or error.detail
    return answer(request, problem_of(code, detail, {"errors": wrong} if wrong else {}))


def on_method(request: AnyRequest, _error: MethodNotAllowedException) -> Response[bytes]:
    """Tell which methods the path takes."""
    return answer(
        request,
        problem_of(ErrorCode.METHOD_NOT_ALLOWED),
        {"Allow": ", ".join(allowed_methods(request.app, request.scope["path"]))},
    )


def on_defect(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Say nothing but that it is our fault; the log gets the place, and nothing that a person typed."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    _log.error(
        "defect",
        error=type(error).__qualname__,
        route=request.scope.get("path_template", ""),
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
    return answer(request, problem_of(ErrorCode.INTERNAL))


def allowed_methods(app: Litestar, path: str) -> list[str]:
    """Return the methods that a path takes; none if there is no such path."""
    return [str(method) for method in METHODS if _is_allowed(app, path, method)]


def _is_allowed(app: Litestar, path: str, method: Method) -> bool:
    try:
        app.asgi_router.handle_routing(path=normalize_path(path), method=method)
    except (MethodNotAllowedException, NotFoundException):
        return False
    return True


# Litestar asks for the nearest class of what was raised, so the order here means nothing.
EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    SyncError: on_refusal,
    MethodNotAllowedException: on_method,
    HTTPException: on_http,
    Exception: on_defect,
}
