"""The yardstick: Litestar and SQLite with nothing between them but a decoder and an encoder.

It checks nobody's token, remembers nothing, merges nothing and numbers nothing. What it does, it does well: decoders
and encoders made once, statements prepared once, one writing connection behind a lock, full sync, bodies stored as
encoded, and the runner and the garbage collector set up as for the real server.
"""

import gc
import sqlite3
import sys
import threading
from typing import Any

import msgspec
from granian.constants import Interfaces, Loops
from granian.server import MPServer
from litestar import Litestar, Request, Response, post
from msgspec import Raw, Struct

from backend.serve import BACKPRESSURE, GC_THRESHOLD
from contracts.push import Mutation

JSON = "application/json"
SCHEMA = """
CREATE TABLE IF NOT EXISTS item (seq INTEGER PRIMARY KEY, kind TEXT, id TEXT, body BLOB) STRICT;
CREATE TABLE IF NOT EXISTS head (name TEXT PRIMARY KEY, head INTEGER) STRICT;
"""
INSERT = "INSERT INTO item (kind, id, body) VALUES (?, ?, ?)"
PAGE = "SELECT seq, kind, id, body FROM item WHERE seq > ? ORDER BY seq LIMIT ?"
HEAD = "SELECT head FROM head WHERE name = ?"

AnyRequest = Request[Any, Any, Any]


class Batch(Struct, frozen=True):
    """The same body as a push, each mutation decoded and checked."""

    mutations: list[Mutation]


class Accepted(Struct, frozen=True):
    """How many rows were committed."""

    count: int


class Ask(Struct, frozen=True):
    """A page after a row."""

    after: int = 0
    limit: int = 1000


class Row(Struct, frozen=True, gc=False):
    """A stored row, its body as it lies."""

    s: int
    k: str
    id: str
    d: Raw


class Page(Struct, frozen=True):
    """Rows and where to go on."""

    after: int
    rows: list[Row]


class Head(Struct, frozen=True, gc=False):
    """A number that says whether anything is new."""

    head: int


decode_batch = msgspec.json.Decoder(Batch).decode
decode_ask = msgspec.json.Decoder(Ask).decode
encode = msgspec.json.Encoder().encode


def connect(path: str) -> sqlite3.Connection:
    """Return a connection that syncs fully, with the cache that the real store has."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16384", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


class Rows:
    """One writing connection behind a lock; reading threads have one each."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writing, self._lock = connect(path), threading.Lock()
        self._writing.executescript(SCHEMA)
        self._own = threading.local()

    def add(self, rows: list[tuple[str, str, bytes]]) -> None:
        """Insert and commit."""
        with self._lock:
            self._writing.execute("BEGIN IMMEDIATE")
            self._writing.executemany(INSERT, rows)
            self._writing.execute("COMMIT")

    def page(self, ask: Ask) -> list[tuple[int, str, str, bytes]]:
        """Return rows in order."""
        return self._reading().execute(PAGE, (ask.after, ask.limit)).fetchall()

    def head(self) -> int:
        """Return the one head."""
        found = self._reading().execute(HEAD, ("all",)).fetchone()
        return int(found[0]) if found else 0

    def _reading(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = connect(self._path)
        connection: sqlite3.Connection = self._own.connection
        return connection


def make_app(path: str) -> Litestar:
    """Return the bare application on a database file."""
    rows = Rows(path)

    def push(request_body: bytes) -> bytes:
        batch = decode_batch(request_body)
        rows.add([(one.kind, one.id, encode(one.set)) for one in batch.mutations])
        return encode(Accepted(len(batch.mutations)))

    @post("/push", status_code=200, sync_to_thread=True)
    def take_push(body: bytes) -> Response[bytes]:
        return Response(push(body), media_type=JSON)

    @post("/pull", status_code=200, sync_to_thread=True)
    def give_page(body: bytes) -> Response[bytes]:
        found = rows.page(decode_ask(body))
        page = Page(found[-1][0] if found else 0, [Row(s, k, id, Raw(d)) for s, k, id, d in found])
        return Response(encode(page), media_type=JSON)

    @post("/idle", status_code=200)
    async def give_head(request: AnyRequest) -> Response[bytes]:
        decode_ask(await request.body())
        return Response(encode(Head(rows.head())), media_type=JSON)

    return Litestar([take_push, give_page, give_head], openapi_config=None, logging_config=None)


class AppLoader:
    """Makes the application inside the worker process."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self) -> Litestar:
        """Return the application."""
        app = make_app(self._path)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLD)
        return app


def serve(path: str, port: int) -> None:
    """Serve as `padsync serve` does."""
    server = MPServer(
        "tests.bench.bare", address="127.0.0.1", port=port, interface=Interfaces.ASGI, workers=1, loop=Loops.asyncio,
        backpressure=BACKPRESSURE, websockets=False, log_access=False, log_enabled=False,
    )  # fmt: skip
    server.serve(target_loader=AppLoader(path), wrap_loader=False)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
