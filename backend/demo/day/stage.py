"""The server of a demonstration: `padsync serve` in all but its clock, which plays a day within a minute."""

import os
import sys
from pathlib import Path

from backend.demo.day.clock import PlayedClock
from backend.serve import run_server
from backend.settings import read_settings
from backend.storage.engine import make_engine
from backend.web.health import is_migrated


def main(clock: Path) -> None:
    """Serve until SIGTERM, by the played clock in a file."""
    settings = read_settings(os.environ)
    if not is_migrated(make_engine(settings.database, pool_size=1)):
        sys.exit("The database is not at this version's schema. Run `padsync migrate` first.")
    run_server(settings, PlayedClock(clock))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
