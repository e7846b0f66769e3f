"""The faulty line of the demonstration: silent, or forgetful after the server has done the work."""

from random import Random
from typing import Any

import pytest

from backend.demo.day.line import FaultyLine, Weather
from contracts.pull import PullRequest
from sync.tablet.errors import LineFailed


class Counting:
    """A server that counts what reaches it; only its pull is asked."""

    def __init__(self):
        self.pulls = 0

    def pull(self, request: Any) -> Any:
        self.pulls += 1
        return f"answer {self.pulls}"


def pull(server: Any, weather: Weather) -> Any:
    return FaultyLine(server, weather, Random(1)).pull(PullRequest())


def test_without_a_line_nothing_reaches_the_server():
    server, weather = Counting(), Weather(is_offline=True)
    with pytest.raises(LineFailed):
        pull(server, weather)
    assert (server.pulls, weather.refused_offline, weather.answers_lost) == (0, 1, 0)


def test_an_answer_is_lost_only_after_the_server_has_done_the_work():
    server, weather = Counting(), Weather(answers_lost_share=1.0)
    with pytest.raises(LineFailed):
        pull(server, weather)
    assert (server.pulls, weather.answers_lost) == (1, 1)


def test_fair_weather_lets_everything_through():
    server, weather = Counting(), Weather()
    assert pull(server, weather) == "answer 1"
    assert (weather.requests, weather.answers_lost, weather.refused_offline) == (1, 0, 0)
