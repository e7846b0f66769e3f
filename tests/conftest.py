"""What holds for every test: how hard Hypothesis tries, and that nothing leaves this machine."""

import ipaddress
import os
import socket
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Two shared cores make any deadline a coin toss, so neither profile has one.
settings.register_profile("default", max_examples=50, derandomize=True, deadline=None, database=None)
settings.register_profile(
    "soak", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def _is_on_this_machine(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host: object) -> NoReturn:
    pytest.fail(f"a test reached for {host!r}; only this machine may be talked to", pytrace=True)


def _guard_peer(original: Callable[..., Any]) -> Callable[..., Any]:
    """Guard a socket method whose last argument is the peer's address."""

    @wraps(original)
    def guarded(sock: socket.socket, *args: Any) -> Any:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_on_this_machine(args[-1][0]):
            _refuse(args[-1][0])
        return original(sock, *args)

    return guarded


def _guard_name(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def guarded(host: object, *args: Any, **kwargs: Any) -> Any:
        if not _is_on_this_machine(host):
            _refuse(host)
        return original(host, *args, **kwargs)

    return guarded


@pytest.fixture(scope="session", autouse=True)
def _no_network_but_loopback():
    """Refuse other machines, by name or address; Unix sockets and loopback stay open."""
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, method, _guard_peer(getattr(socket.socket, method)))
        patch.setattr(socket, "getaddrinfo", _guard_name(socket.getaddrinfo))
        yield


@pytest.fixture(autouse=True)
def _the_log_as_it_was():
    """Put the log back: a command that a test calls in its own process sets it up for a console."""
    yield
    structlog.reset_defaults()
