"""A process that has imported the whole server and forks one life of it per line of input: `python -m tests.e2e.warm`.

Most of a start is importing; forking saves that, and what SIGKILL ends is the same application on the same file.
"""

import os
import signal
import sys

import uvicorn

from backend.app import create_app
from backend.settings import read_settings
from backend.web.logs import configure_logs


def live() -> None:
    """Serve until killed."""
    os.setsid()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it logs is not for whoever reads process ids
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    settings = read_settings(os.environ)
    configure_logs(settings.log_level, settings.log_format)
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="error")


def main() -> None:
    """Fork a server for each line read, and print its process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no funeral
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live()
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
