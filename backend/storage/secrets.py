"""What only this server knows: made once, kept in its database, the same in every process."""

import secrets
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from backend.storage.sql_store import SqlStore
from backend.storage.tables import server_secret
from sync.signing import PrivateKey, new_key

SECRET_BYTES = 32


class ServerSecrets(Struct, frozen=True):
    """The secret that seals cursors, tokens and challenges, and the key that countersigns evidence."""

    secret: bytes
    server_key: PrivateKey


def server_secrets(store: SqlStore) -> ServerSecrets:
    """Return this server's secrets; the first who asks makes them."""
    kept = store.write(lambda unit: _kept(unit.connection))
    key = load_der_private_key(kept["server_key"], password=None)
    return ServerSecrets(kept["secret"], key)  # type: ignore[arg-type]  # we wrote one of the kinds that we sign with


def match_secret(connection: Connection) -> bytes:
    """Return the secret with which numbers are hashed to be found again; it never changes, or nobody is found."""
    return _kept(connection)["match_secret"]


def secret_within(connection: Connection) -> bytes:
    """Return the server's secret inside a transaction that writes."""
    return _kept(connection)["secret"]


def _kept(connection: Connection) -> dict[str, bytes]:
    rows = connection.execute(select(server_secret.c.name, server_secret.c.value))
    kept = {row.name: bytes(row.value) for row in rows}
    made = {name: make() for name, make in NEW.items() if name not in kept}
    if made:
        connection.execute(insert(server_secret), [{"name": name, "value": value} for name, value in made.items()])
    return kept | made


def _new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def _new_server_key() -> bytes:
    return new_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


NEW: Mapping[str, Callable[[], bytes]] = {
    "secret": _new_secret, "server_key": _new_server_key, "match_secret": _new_secret
}  # fmt: skip
