"""The tests themselves stay on this machine."""

import socket
import threading

import pytest

# A documentation address (RFC 5737): nobody lives there.
ELSEWHERE = ("192.0.2.1", 9)


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_no_test_can_connect_to_another_machine(method):
    with socket.socket() as sock, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        getattr(sock, method)(ELSEWHERE)


def test_no_test_can_send_a_datagram_to_another_machine():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as sock,
        pytest.raises(pytest.fail.Exception, match="only this machine"),
    ):
        sock.sendto(b"x", ELSEWHERE)


def test_no_test_can_look_up_a_name():
    with pytest.raises(pytest.fail.Exception, match=r"bank\.example"):
        socket.create_connection(("bank.example", 443), timeout=1)


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        caller = threading.Thread(target=lambda: socket.create_connection(server.getsockname(), timeout=5).close())
        caller.start()
        server.accept()[0].close()
        caller.join(timeout=5)


def test_unix_sockets_are_open(tmp_path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
