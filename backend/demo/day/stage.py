"""The server of a demonstration: `padsync serve` in all but its clock, which plays a day within a minute."""

import os
import sys
from pathlib import Path

from backend.demo.day.clock import PlayedClock
from backend.serve import run_server
from backend.settings import read_settings

if __name__ == "__main__":
    run_server(read_settings(os.environ), PlayedClock(Path(sys.argv[1])))
