"""The process above the workers is killed alone, as when memory runs out: whoever restarts it finds the port free."""

import signal
import socket
import time
from contextlib import suppress

from backend.migrations import migrate
from tests.support.server import STOP_S_MAX, start_server


def test_workers_do_not_outlive_the_process_above_them(tmp_path):
    migrate(f"sqlite:///{tmp_path / 'padsync.db'}")
    server = start_server(tmp_path, {})
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(STOP_S_MAX)
    is_free = is_free_within(server.port, STOP_S_MAX)
    with suppress(ProcessLookupError):
        server.kill()  # whatever is left of it
    assert is_free, server.log.read_text()
    again = start_server(tmp_path, {}, server.port)
    assert again.stop() == 0


def is_free_within(port: int, patience_s: float) -> bool:
    give_up_at = time.monotonic() + patience_s
    while time.monotonic() < give_up_at:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.05)
    return False
