"""The word from the process above that this one will stop: whoever listens is let go, so that nobody waits for them."""

import asyncio
import multiprocessing
import os
import signal
import threading

from backend.live.hub import Hub

ENDING = signal.SIGUSR1


def end_listening_when_told(hub: Hub) -> None:
    """Close the hub at the signal; only a process's main thread can hear it."""
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(ENDING, hub.close)


def tell_workers() -> None:
    """Send the signal to every process that this one has started."""
    for worker in multiprocessing.active_children():
        if worker.pid is not None:
            os.kill(worker.pid, ENDING)
