"""OPTIONS for every path: which methods it takes, and what else its door wants to say.

The framework's own answer names only some of the methods of a path that several handlers share.
"""

from collections.abc import Mapping

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from backend.errors import allowed_methods


class Options:
    """Answers OPTIONS for known paths, and passes everything else on."""

    def __init__(self, app: ASGIApp, litestar: Litestar, said: Mapping[str, Mapping[str, str]]) -> None:
        """`said` holds headers by the beginning of the paths whose answers carry them."""
        self._app = app
        self._litestar = litestar
        self._said = said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on."""
        if scope["type"] != ScopeType.HTTP or scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        allowed = allowed_methods(self._litestar, scope["path"])
        if not allowed:
            await self._app(scope, receive, send)
            return
        headers = {"Allow": ", ".join(allowed)} | self._said_of(scope["path"])
        await ASGIResponse(status_code=204, headers=headers)(scope, receive, send)

    def _said_of(self, path: str) -> dict[str, str]:
        said: dict[str, str] = {}
        for beginning, headers in self._said.items():
            said |= headers if path.startswith(beginning) else {}
        return said
