"""Leases: no number twice, and every number accounted for (I8), whatever happens to tablets and server."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.leases import HELD_MAX, Lease, LeaseReturn
from sync.engine import EngineSettings
from sync.errors import Malformed, NotFound, TooManyLeases
from sync.leases import NUMBERS_MAX, read_token
from sync.memory import Tables
from tests.sync.bank import BRANCH, DAY, SECRET, Bank


def account(bank, date=DAY):
    (line,) = bank.engine.account_numbers(BRANCH, date).lines
    return line


def give_back(pad, lease, unused=None):
    pad.bank.engine.return_lease(lease.lease_id, LeaseReturn(unused=unused), pad.actor)


def test_blocks_are_disjoint_and_follow_one_another(bank, pad):
    blocks = [(lease.lo, lease.hi) for lease in (pad.lease(3), bank.pad("s-2").lease(2), pad.lease(1))]
    assert blocks == [(1, 3), (4, 5), (6, 6)]


def test_a_tablet_that_wants_more_than_the_bank_allows_gets_what_it_allows(bank, pad):
    bank.start(EngineSettings(lease_want_max=5))
    assert bank.engine.hello(pad.install_id).limits.lease_want_max == 5
    assert [(lease.lo, lease.hi) for lease in (pad.lease(9), pad.lease(2))] == [(1, 5), (6, 7)]


def test_every_branch_series_and_day_counts_from_one(bank, pad):
    assert {pad.lease(5, series=series, business_date=day).lo for series in "AB" for day in (DAY, "2026-11-22")} == {1}
    assert bank.pad("s-2", branch="3502").lease().lo == 1


def test_a_retry_gets_the_same_block(bank, pad):
    request_id = bank.new_id()
    assert pad.lease(3, request_id) == pad.lease(3, request_id)
    assert pad.lease(3).lo == 4


def test_a_request_id_that_asked_for_another_line_is_refused(bank, pad):
    request_id = bank.new_id()
    pad.lease(3, request_id)
    with pytest.raises(Malformed):
        pad.lease(3, request_id, series="B")


@pytest.mark.parametrize("day", ["2026-02-30", "0000-00-00", "2026-13-01"])
def test_a_day_that_no_calendar_has_is_refused(pad, day):
    with pytest.raises(Malformed):
        pad.lease(business_date=day)


def test_a_tablet_whose_clock_is_years_off_still_gets_numbers(pad):
    assert pad.lease(business_date="2031-01-01").lo == 1


def test_another_branch_does_not_exist(pad):
    with pytest.raises(NotFound):
        pad.lease(branch="9999")


def test_an_install_holds_only_so_many_blocks_at_a_time(bank, pad):
    leases = [pad.lease(1) for _ in range(HELD_MAX)]
    with pytest.raises(TooManyLeases):
        pad.lease(1)
    give_back(pad, leases[0])
    pad.lease(1)
    bank.wait(hours=17)
    pad.lease(1)


def test_a_lease_goes_back_only_from_its_own_install(bank, pad):
    with pytest.raises(NotFound):
        give_back(bank.pad("s-2"), pad.lease())


def test_returning_twice_is_once(bank, pad):
    lease = pad.lease(3)
    give_back(pad, lease, [2, 3])
    give_back(pad, lease, [1, 2, 3])
    assert (account(bank).unused, account(bank).missing) == ([2, 3], [1])


def test_a_number_on_a_ticket_is_never_unused_whatever_the_tablet_says(bank, pad):
    lease = pad.lease(3)
    pad.do(pad.ticket(2))
    give_back(pad, lease, [1, 2, 3, 77])
    assert (account(bank).unused, account(bank).issued) == ([1, 3], [2])
    assert list(bank.store.tables.leases[lease.lease_id].unused) == [1, 3]


def test_a_ticket_that_arrives_after_the_day_was_closed_takes_its_number_back(bank, pad):
    pad.lease(3)
    assert bank.engine.close_day(BRANCH, DAY) == 1
    assert account(bank).unused == [1, 2, 3]
    assert pad.do(pad.ticket(2)).flags == []
    assert (account(bank).unused, account(bank).issued, account(bank).is_accounted) == ([1, 3], [2], True)
    assert bank.engine.close_day(BRANCH, DAY) == 0


# --- numbers on tickets


def test_a_number_from_no_lease_of_this_install_is_accepted_and_flagged(bank, pad):
    bank.pad("s-2").lease(5)
    for ticket in (pad.ticket(3), pad.ticket(99), pad.ticket(1, overflow="B")):
        outcome = pad.do(ticket)
        assert (outcome.status, outcome.flags) == ("applied", ["number_outside_lease"])
    assert account(bank).stray == [99]


def test_the_installs_own_overflow_letter_is_no_oddity(pad):
    assert pad.do(pad.ticket(1, overflow="A")).flags == []


def test_there_is_no_account_of_a_day_that_never_was(bank):
    for day in ("2026-02-30", "2026-11-22\n"):
        with pytest.raises(Malformed):
            bank.engine.account_numbers("3501", day)


def test_one_number_on_two_tickets_is_accepted_flagged_and_accounted(bank, pad):
    pad.lease(3)
    other = bank.pad("s-2")
    first, second = pad.ticket(1), other.ticket(1)
    pad.do(first)
    assert other.do(second).flags == ["number_collision", "number_outside_lease"]
    (review,) = bank.reviews(cause="number_collision")
    assert (review["args"]["other"], review["must_act"]) == (first["id"], "supervisor")
    assert (account(bank).collisions, account(bank).is_accounted) == ([1], False)


def test_one_number_twice_in_one_batch_is_found_as_well(bank, pad):
    pad.lease(3)
    outcomes = pad.push(pad.ticket(1), pad.ticket(1), pad.ticket(1))
    assert [one.flags for one in outcomes] == [[], ["number_collision"], ["number_collision"]]
    assert account(bank).collisions == [1]
    ((_, users),) = bank.store.tables.numbers.items()
    assert len(users) == 3


def test_a_hole_in_an_overflow_series_is_noticed(bank, pad):
    pad.push(pad.ticket(1, overflow="A"), pad.ticket(3, overflow="A"))
    assert account(bank).overflow == {"A": [1, 3]}
    assert not account(bank).is_accounted


# --- tokens


def test_a_lease_that_a_restore_forgot_comes_back_by_its_token(bank, pad):
    backup = bank.store.backup()
    lease = pad.lease(5)
    bank.store.restore(backup, bank.new_id(), number_gap=100)
    again = pad.lease(2, held=[lease.token, lease.token, "rubbish", lease.token[:-2] + "xx"])
    assert again.lo > 5
    assert pad.do(pad.ticket(4)).flags == []
    assert account(bank).is_accounted


def test_no_number_of_a_lease_that_came_back_is_given_out_again(bank, pad):
    backup = bank.store.backup()
    lease = pad.lease(5)
    bank.store.restore(backup, bank.new_id(), number_gap=0)
    assert pad.lease(2, held=[lease.token]).lo == lease.hi + 1


def test_a_token_works_for_its_own_install_alone(bank, pad):
    backup = bank.store.backup()
    token = pad.lease(5).token
    bank.store.restore(backup, bank.new_id(), number_gap=100)
    bank.pad("s-2").lease(2, held=[token])
    assert pad.do(pad.ticket(4)).flags == ["number_outside_lease"]


def test_a_flipped_bit_anywhere_in_a_token_is_found(pad):
    token = pad.lease(5).token
    assert read_token(token, SECRET) is not None
    for at in range(len(token)):
        for bit in range(7):
            assert read_token(token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :], SECRET) is None


class Numbers(RuleBasedStateMachine):
    """Tablets acquire, hand out, return and hand in late; the server closes days and is restored from backups."""

    @initialize()
    def open(self) -> None:
        self.bank = Bank()
        self.pads = [self.bank.pad(f"s-{letter}", letter=letter) for letter in "ABC"]
        self.held: dict[str, list[tuple[int, Lease]]] = {
            pad.install_id: [] for pad in self.pads
        }  # numbers not yet handed out, with their lease
        self.owed: dict[str, list[Any]] = {pad.install_id: [] for pad in self.pads}  # tickets not yet handed in
        self.tokens: dict[str, list[str]] = {pad.install_id: [] for pad in self.pads}
        self.printed: list[tuple[str, int]] = []
        self.backup: Tables | None = None

    pads_of = st.integers(0, 2)

    @rule(at=pads_of, want=st.integers(1, 4))
    def acquire(self, at, want):
        pad = self.pads[at]
        lease = pad.lease(want, held=self.tokens[pad.install_id])
        self.tokens[pad.install_id].append(lease.token)
        self.held[pad.install_id] += [(n, lease) for n in range(lease.lo, lease.hi + 1)]

    @rule(at=pads_of)
    def print_ticket(self, at):
        pad = self.pads[at]
        if self.held[pad.install_id]:
            number, _ = self.held[pad.install_id].pop(0)
            self.printed.append(("", number))
            self.owed[pad.install_id].append(pad.ticket(number))
        else:
            letter = "ABC"[at]
            number = sum(printed == letter for printed, _ in self.printed) + 1
            self.printed.append((letter, number))
            self.owed[pad.install_id].append(pad.ticket(number, overflow=letter))

    @rule(at=pads_of)
    def hand_in(self, at):
        pad = self.pads[at]
        assert {flag for one in pad.push(*self.owed[pad.install_id]) for flag in one.flags} <= {"number_outside_lease"}

    @rule(at=pads_of)
    def give_back(self, at):
        pad = self.pads[at]
        for lease in {lease.lease_id: lease for _, lease in self.held[pad.install_id]}.values():
            unused = [n for n, of in self.held[pad.install_id] if of.lease_id == lease.lease_id]
            self.held[pad.install_id] = [one for one in self.held[pad.install_id] if one[1].lease_id != lease.lease_id]
            try:
                give_back(pad, lease, unused)
            except NotFound:  # a restored server does not know it yet
                pad.lease(1, held=[lease.token])
                give_back(pad, lease, unused)

    @precondition(lambda self: self.backup is None)
    @rule()
    def back_up(self):
        self.backup = self.bank.store.backup()

    @precondition(lambda self: self.backup is not None)
    @rule()
    def restore(self):
        assert self.backup is not None
        self.bank.store.restore(self.backup, self.bank.new_id(), number_gap=1000)
        self.backup = None
        for pad in self.pads:  # what every tablet does after a new epoch
            pad.lease(1, held=self.tokens[pad.install_id])

    @rule()
    def close_day(self):
        self.bank.engine.close_day(BRANCH, DAY)

    @invariant()
    def no_number_is_printed_twice(self):
        assert len(set(self.printed)) == len(self.printed)

    @invariant()
    def every_number_is_in_exactly_one_place(self):
        for line in self.bank.engine.account_numbers(BRANCH, DAY).lines:
            places = [line.issued, line.unused, line.missing, line.held, line.skipped]
            together = [n for place in places for n in place]
            assert len(together) == len(set(together))
            assert sorted(together) == list(range(1, len(together) + 1))

    def teardown(self):
        for at, pad in enumerate(self.pads):
            self.hand_in(at)
            self.give_back(at)
            pad.lease(1, held=self.tokens[pad.install_id])
        self.bank.engine.close_day(BRANCH, DAY)
        report = self.bank.engine.account_numbers(BRANCH, DAY)
        assert report.is_accounted
        issued = {("", n) for line in report.lines for n in line.issued}
        beyond = {(letter, n) for line in report.lines for letter, found in line.overflow.items() for n in found}
        assert issued | beyond == set(self.printed)


TestNumbers = Numbers.TestCase
TestNumbers.settings = settings(max_examples=30, stateful_step_count=25)


def test_one_tablet_cannot_burn_a_line_by_taking_and_returning(bank, pad):
    for _ in range(NUMBERS_MAX // 50):
        give_back(pad, pad.lease(50))
    with pytest.raises(TooManyLeases):
        pad.lease(1)
    assert bank.pad("s-2").lease(1).lo == NUMBERS_MAX + 1
