"""Committers in several processes and readers that poll meanwhile: who sees everything?"""

import multiprocessing
import random
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tests.concurrency.feeds import FEEDS, Feed
from tests.sync.store_cases import run_together

READERS = 2


class Seen(NamedTuple):
    """What was committed, and what each reader was shown, in its order."""

    committed: set[str]
    readers: list[list[tuple[int, str]]]

    @property
    def lost(self) -> set[str]:
        """What a reader never saw and, its cursor being past it, never will."""
        return {id for reader in self.readers for id in self.committed - {id for _, id in reader}}


def commit_many(name: str, url: str, process: int, threads: int, count: int) -> list[str]:
    """Add records from several threads of one process; return the ids that were committed."""
    random.seed(process)
    feed = FEEDS[name](url)
    committed = []

    def add(thread: int) -> None:
        for number in range(count):
            id = f"{process}-{thread}-{number}"
            feed.add(id)
            committed.append(id)

    try:
        run_together(threads, add)
    finally:
        feed.close()
    return committed


def follow(feed: Feed, is_over: threading.Event) -> list[tuple[int, str]]:
    """Read from a cursor on until nobody writes any more and nothing new is shown."""
    seen: list[tuple[int, str]] = []
    while True:
        was_over = is_over.is_set()
        page = feed.read(seen[-1][0] if seen else 0)
        seen += page
        if was_over and not page:
            return seen


def run_crew(name: str, url: str, *, processes: int, threads: int, count: int) -> Seen:
    """Let `processes` × `threads` committers add `count` records each while readers poll."""
    feed = FEEDS[name](url)
    is_over = threading.Event()
    readers: list[list[tuple[int, str]]] = []
    following = [threading.Thread(target=lambda: readers.append(follow(feed, is_over))) for _ in range(READERS)]
    for reader in following:
        reader.start()
    try:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            work = [pool.submit(commit_many, name, url, number, threads, count) for number in range(processes)]
            committed = {id for done in work for id in done.result()}
    finally:
        is_over.set()
        for reader in following:
            reader.join()
        feed.close()
    return Seen(committed, readers)
