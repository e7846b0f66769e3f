"""What the benchmark found, as numbers to keep and as lines to read."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median, quantiles

from msgspec import Struct

from tests.bench.figures import LISTENERS, Pair
from tests.bench.growth import Cost
from tests.bench.load import Timed
from tests.bench.lobby import LobbyFigures

TARGETS: Mapping[str, tuple[str, float]] = {
    "push_vs_bare": ("≥", 0.6),
    "signed_push_vs_bare": ("≥", 0.2),
    "first_sync_vs_bare": ("≥", 0.7),
    "idle_pull_vs_bare": ("≥", 0.5),
    "idle_pull_bytes": ("<", 250),
    "poke_p99_ms": ("<", 20),
    "call_to_screen_p99_ms": ("<", 300),
    "wait_interval_coverage": ("≥", 0.75),
    "month_close_s": ("<", 60),
    "review_page_ms": ("<", 50),
    "month_report_ms": ("<", 300),
}


class Report(Struct, frozen=True, kw_only=True):
    """All figures of one database."""

    push: Pair
    signed_push: Pair
    first_sync: Pair
    idle_pull: Pair
    pokes: Timed
    memory_grown_bytes: int

    def keys(self) -> dict[str, float]:
        """Return the figures under the names of build/bench.json."""
        return {
            "push_vs_bare": round(self.push.ratio, 3),
            "signed_push_vs_bare": round(self.signed_push.ratio, 3),
            "first_sync_vs_bare": round(self.first_sync.ratio, 3),
            "idle_pull_vs_bare": round(self.idle_pull.ratio, 3),
            "idle_pull_bytes": max(timed.bytes_max for timed in self.idle_pull.real),
            "poke_p99_ms": round(percentile(self.pokes.seconds, 99) * 1000, 2),
        }


def percentile(values: Sequence[float], at: int) -> float:
    """Return a percentile."""
    return quantiles(values, n=100)[at - 1]


def lines_of(title: str, report: Report) -> Iterable[str]:
    """Return a table of one database's figures."""
    yield f"\n{title}\n"
    yield _line("figure", "bare", "padsync", "ratio", "target", "each pair")
    yield from _pair_lines("push_vs_bare", "records/s", report.push)
    yield from _pair_lines("signed_push_vs_bare", "records/s", report.signed_push)
    yield from _pair_lines("first_sync_vs_bare", "records/s", report.first_sync)
    grown = f"{report.memory_grown_bytes / 2**20:,.0f} MB"
    yield _line("  memory of the server", "", grown, note="growth, at most")
    yield from _pair_lines("idle_pull_vs_bare", "requests/s", report.idle_pull)
    keys = report.keys()
    yield _line("idle_pull_bytes", "", f"{keys['idle_pull_bytes']:g}", target=_target("idle_pull_bytes"))
    note = f"{LISTENERS} listeners, from sending a push to hearing of it; p50 {_ms(report.pokes.seconds, 50)}"
    yield _line("poke_p99_ms", "", f"{keys['poke_p99_ms']:g}", target=_target("poke_p99_ms"), note=note)


def _pair_lines(name: str, unit: str, pair: Pair) -> Iterable[str]:
    ratios = " ".join(f"{real.rate / bare.rate:.2f}" for bare, real in zip(pair.bare, pair.real, strict=True))
    yield _line(name, _rate(pair.bare), _rate(pair.real), f"{pair.ratio:.2f}", _target(name), f"{ratios} ({unit})")
    yield _line("  a request, ms: p50 / p99", _times(pair.bare), _times(pair.real))
    yield _line("  processor, µs each", _processor(pair.bare), _processor(pair.real))


def _line(name: str, bare: str, real: str, ratio: str = "", target: str = "", note: str = "") -> str:
    return f"{name:30}{bare:>15}{real:>15}{ratio:>8}{target:>9}  {note}".rstrip()


def growth_lines(costs: Sequence[Cost]) -> Iterable[str]:
    """Return a table of how cost grows."""
    yield "\nGrowth with the database (SQLite, one tablet at a time, p50 of a request in ms)\n"
    yield f"{'records':>12}{'push of 20':>14}{'page of 100':>14}{'idle pull':>14}"
    for cost in costs:
        yield f"{cost.records:>12,}{cost.push_ms:>14.2f}{cost.page_ms:>14.2f}{cost.idle_ms:>14.2f}"


def lobby_keys(lobby: LobbyFigures) -> dict[str, float]:
    """Return the lobby's figures under the names of build/bench.json."""
    return {
        "ticket_ops_s": round(lobby.ticket_ops.rate, 1),
        "call_to_screen_p99_ms": round(percentile(lobby.screens.seconds, 99) * 1000, 1),
        "wait_interval_coverage": round(lobby.coverage, 3),
        "live_counts_ms": round(lobby.line_ms, 2),
    }


def lobby_lines(lobby: LobbyFigures) -> Iterable[str]:
    """Return a table of the lobby's figures."""
    keys = lobby_keys(lobby)
    yield "\nThe lobby\n"
    yield _line("figure", "", "padsync", "", "target")
    note = f"one branch, each a push of its own; p50 / p99 {_times([lobby.ticket_ops])} ms"
    yield _line("ticket_ops_s", "", f"{keys['ticket_ops_s']:,.0f}", note=note)
    note = f"20 screens, pulled and counted; p50 {_ms(lobby.screens.seconds, 50)}"
    yield _line("call_to_screen_p99_ms", "", f"{keys['call_to_screen_p99_ms']:g}", "", "< 300", note)
    note = f"1-4 counters, load .8-.95: {lobby.coverage_least:.2f}-{lobby.coverage_most:.2f}, nominal .80"
    yield _line("wait_interval_coverage", "", f"{keys['wait_interval_coverage']:g}", "", ".75-.95", note)
    yield _line("live_counts_ms", "", f"{keys['live_counts_ms']:g}", note="one branch's line, counted online")


def desk_lines(found: Mapping[str, tuple[float, str]]) -> Iterable[str]:
    """Return a table of the figures of visits and duty, each with the size at which it was measured."""
    yield "\nVisits and duty\n"
    yield _line("figure", "", "padsync", "", "target")
    for key, (figure, size) in found.items():
        yield _line(key, "", f"{figure:,.4g}", "", _target(key) if key in TARGETS else "", size)


def missed(keys: Mapping[str, float]) -> list[str]:
    """Return the figures that do not reach their target."""
    return [
        name
        for name, (sign, target) in TARGETS.items()
        if (keys[name] < target if sign == "≥" else keys[name] >= target)
    ]


def _target(name: str) -> str:
    sign, target = TARGETS[name]
    return f"{sign} {target:g}"


def _rate(turns: Sequence[Timed]) -> str:
    return f"{median(turn.rate for turn in turns):,.0f}"


def _times(turns: Sequence[Timed]) -> str:
    seconds = [one for turn in turns for one in turn.seconds]
    return f"{_ms(seconds, 50)} / {_ms(seconds, 99)}"


def _ms(seconds: Sequence[float], at: int) -> str:
    return f"{percentile(seconds, at) * 1000:.1f}"


def _processor(turns: Sequence[Timed]) -> str:
    return f"{median(turn.processor_s / turn.count for turn in turns) * 1e6:.1f}"
