"""A queue machine's messages: each taken once, in order, in a transaction with the answer that a retry gets again."""

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import Connection, func, insert, select

from backend.auth.partners import Partner
from backend.domain.tickets.queries import list_line
from backend.domain.tickets.rules.line import Place, count_ahead, write_number
from backend.identity import branch_bucket, install_bucket
from backend.line import speech
from backend.line.calling import choose_next
from backend.line.drawing import draw
from backend.line.speech import NotUnderstood, Numbered
from backend.line.tables import machine_message
from backend.storage.sql_store import SqlStore
from backend.storage.unit import SqlUnit
from backend.wording import plain_words
from contracts.base import Body, Problem
from contracts.clock import ClockEvidence
from contracts.errors import ErrorCode
from contracts.leases import Lease, LeaseRequest, LeaseReturn
from contracts.machine import BlockRequest, MachineAnswer, MachineMessage, MachineRequest, MachineResponse
from contracts.push import Outcome
from contracts.version import SCHEMA
from sync.clock import DeviceClock, estimate_made_at
from sync.engine import Engine
from sync.errors import CounterNotOpen, Malformed, NotFound
from sync.kind import Actor
from sync.leases import take_back, write_token
from sync.moments import read_moment, write_moment
from sync.secrets import carries_secret, redact
from sync.store import AuditEntry, Key
from sync.tablet.mutations import Intent, write_mutation
from sync.transitions import version_at

Wait = tuple[int, int]  # minutes, from … to
Estimate = Callable[[SqlUnit, str, str, str, int], Wait | None]  # branch, day, series, priority

_answers = msgspec.json.Decoder(MachineAnswer)
_numbered = msgspec.json.Decoder(dict[str, Raw])
_sorted = msgspec.json.Encoder(order="deterministic")


def nobody_knows(_unit: SqlUnit, _branch: str, _date: str, _series: str, _priority: int) -> Wait | None:
    """Estimate no wait."""
    return None


class Heard(Struct, frozen=True, kw_only=True):
    """A message that was read, or the reason why it cannot be; the digest leaves out what it was answered before.

    Of one that carries a password, PIN or card secret nothing stays, not in the digest either (requirements.md §2).
    """

    n: int
    digest: str
    message: MachineMessage | None = None
    wrong: str = ""
    has_secret: bool = False


class Moment(Struct, frozen=True, kw_only=True):
    """When a message happened: as the machine said, and by the server's clock."""

    evidence: ClockEvidence
    device: DeviceClock
    at: datetime

    @property
    def text(self) -> str:
        """The server's estimate as the wire writes it."""
        return write_moment(self.at)


class Machines:
    """The adapter of queue machines: their messages become mutations of their installs."""

    def __init__(self, engine: Engine, store: SqlStore, *, behind: int, estimate: Estimate = nobody_knows) -> None:
        self._engine, self._store, self._behind, self._estimate = engine, store, behind, estimate

    def take(self, partner: Partner, request: MachineRequest) -> MachineResponse:
        """Answer each message in the order of `n`; a retry gets its first answer, and a gap is asked for.

        Each is a transaction of its own, so that a crash leaves a prefix. Raises Malformed if one has no number.
        """
        actor, answers = actor_of(partner), []
        for heard in sorted(map(hear, request.messages), key=lambda heard: heard.n):
            answer = self._store.write(lambda unit, heard=heard: self._take(unit, actor, heard, request.sent_at))  # type: ignore[misc]  # the default binds
            if answer is None:
                break
            answers.append(answer)
        ack_n = self._store.read(lambda look: _ack_n(look.connection, actor.install_id))
        is_cut = len(answers) < len(request.messages)
        return MachineResponse(
            ack_n=ack_n, expected_n=ack_n + 1 if is_cut else None,
            server_time=write_moment(self._engine.clock()), answers=answers,
        )  # fmt: skip

    def lease(self, partner: Partner, request: BlockRequest) -> Lease:
        """Give the machine a block of numbers of its branch, to print with no line. Raises TooManyLeases."""
        named = {name: getattr(request, name) for name in request.__struct_fields__}
        return self._engine.acquire_lease(LeaseRequest(branch=partner.org_id, **named), actor_of(partner))

    def give_back(self, partner: Partner, lease_id: str, returned: LeaseReturn) -> None:
        """Take back the numbers of a block that were never printed. Raises NotFound."""
        self._engine.return_lease(lease_id, returned, actor_of(partner))

    # --- one message, in one transaction

    def _take(self, unit: SqlUnit, actor: Actor, heard: Heard, sent_at: str) -> MachineAnswer | None:
        if unit.find_install(actor.install_id) is None:  # locked: a machine says one thing at a time
            raise NotFound("this machine has no install")
        ack_n = _ack_n(unit.connection, actor.install_id)
        if heard.n <= ack_n:
            return self._repeat(unit, actor, heard)
        if heard.n > ack_n + 1:
            return None
        answer = self._settle(unit, actor, heard, sent_at)
        at = write_moment(self._engine.clock())
        row = {"install_id": actor.install_id, "n": heard.n, "digest": heard.digest, "at": at}
        unit.connection.execute(insert(machine_message).values(row | {"answer": msgspec.json.encode(answer)}))
        return answer

    def _repeat(self, unit: SqlUnit, actor: Actor, heard: Heard) -> MachineAnswer:
        where = machine_message.c.install_id == actor.install_id, machine_message.c.n == heard.n
        known = unit.connection.execute(
            select(machine_message.c.digest, machine_message.c.answer).where(*where)
        ).one_or_none()
        if known is None:
            return _refused(
                heard.n, ErrorCode.VALIDATION_FAILED, wrong="taken so long ago that nobody knows its answer"
            )
        if known.digest == heard.digest:
            return _answers.decode(known.answer)
        unit.audit(
            AuditEntry(
                stream=f"install:{actor.install_id}", at=write_moment(self._engine.clock()), actor=actor.staff_no,
                action="security", result=ErrorCode.MUTATION_REUSED.code, detail={"n": heard.n},
            )
        )  # fmt: skip
        return _refused(heard.n, ErrorCode.MUTATION_REUSED)

    def _settle(self, unit: SqlUnit, actor: Actor, heard: Heard, sent_at: str) -> MachineAnswer:
        if heard.has_secret:
            return _refused(heard.n, ErrorCode.SECRET_REFUSED)
        if heard.message is None:
            return _refused(heard.n, ErrorCode.VALIDATION_FAILED, wrong=heard.wrong)
        try:
            speech.check_words(heard.message)
            return self._obey(unit, actor, heard.message, self._moment(heard.message, sent_at))
        except NotUnderstood as error:
            return _refused(heard.n, error.code, **error.args_of_problem)
        except CounterNotOpen as error:
            return _refused(heard.n, error.code, **error.args_of_problem)

    def _moment(self, message: MachineMessage, sent_at: str) -> Moment:
        sent = read_moment(sent_at)
        device = DeviceClock(wall_ms=int(sent.timestamp() * 1000)) if sent else DeviceClock()
        evidence = ClockEvidence(wall=message.at)
        at = read_moment(estimate_made_at(evidence, device, self._engine.clock()))
        assert at is not None
        return Moment(evidence=evidence, device=device, at=at)

    def _obey(self, unit: SqlUnit, actor: Actor, message: MachineMessage, moment: Moment) -> MachineAnswer:
        if message.type == "issue":
            return self._issue(unit, actor, message, moment)
        if message.type in speech.COUNTER_STATES:
            intents = speech.mean_counter(message, unit, self._engine.kinds, actor, moment.evidence)
            answer = self._push(unit, actor, message, intents, moment)
            return msgspec.structs.replace(answer, counter=message.counter)
        date = speech.day_of(message, moment.at)
        id = self._choose(unit, actor, message, date)
        if id is None:
            return MachineAnswer(n=message.n, status="nobody", counter=message.counter)
        seen = self._seen(unit, id, moment)
        intents = speech.mean_move(message, id, moment.evidence, moment.text, seen)
        return self._push(unit, actor, message, intents, moment)

    def _seen(self, unit: SqlUnit, id: str, moment: Moment) -> int:
        """Return the version of a ticket that a machine knew: what others did later, it cannot have meant."""
        kind, stored = self._engine.kinds["ticket"], unit.records([Key("ticket", id)]).get(Key("ticket", id))
        if stored is None or stored.standing != "live":
            return 0
        assert kind.life is not None, "tickets have states"
        return version_at(kind.life, kind.read(stored.body), moment.text)

    def _choose(self, unit: SqlUnit, actor: Actor, message: MachineMessage, date: str) -> str | None:
        if message.type != "call_next":
            return speech.get_ticket(message, unit, actor, date)
        if message.answered is not None:  # called before, by a server that has forgotten it
            return message.answered.ticket_id
        assert message.counter is not None
        kinds, counter = self._engine.kinds, message.counter
        choice = choose_next(unit, kinds, actor.org_id, date, counter, behind=self._behind)
        return choice.place.id if choice.place else None

    def _issue(self, unit: SqlUnit, actor: Actor, message: MachineMessage, moment: Moment) -> MachineAnswer:
        numbered = self._number(unit, actor, message, moment)
        ahead = self._ahead(unit, actor, message, numbered, moment.text)
        assert message.series is not None
        wait = self._estimate(unit, actor.org_id, numbered.date, message.series, message.priority)
        shown: Body = {"shown_lo_min": wait[0], "shown_hi_min": wait[1]} if wait else {}
        intents = speech.mean_issue(
            message, actor, numbered, moment.evidence, issued_at=moment.text, wait=shown
        )  # fmt: skip
        answer = self._push(unit, actor, message, intents, moment)
        lo, hi = wait or (None, None)
        return msgspec.structs.replace(answer, ahead=ahead, wait_lo_min=lo, wait_hi_min=hi, token=numbered.token)

    def _number(self, unit: SqlUnit, actor: Actor, message: MachineMessage, moment: Moment) -> Numbered:
        date, before = speech.day_of(message, moment.at), message.answered
        if message.number is not None:
            return Numbered(number=message.number, date=date)
        if before is not None and before.number is not None and before.business_date is not None:
            take_back(unit, before.token, actor.install_id, self._engine.secret)
            return Numbered(number=before.number, date=before.business_date, token=before.token)
        assert message.series is not None
        lease, number = draw(
            unit, actor, message.series, date,
            now=self._engine.clock(), secret=self._engine.secret, hours=self._engine.settings.lease_h,
        )  # fmt: skip
        return Numbered(number=number, date=date, token=write_token(lease, self._engine.secret))

    def _ahead(self, unit: SqlUnit, actor: Actor, message: MachineMessage, numbered: Numbered, issued_at: str) -> int:
        assert message.series is not None
        mine = Place(
            id=speech.ticket_id(actor.install_id, message.n), series=message.series, number=numbered.number,
            state="waiting", priority=message.priority, issued_at=issued_at,
        )  # fmt: skip
        return count_ahead(list_line(unit.connection, actor.org_id, numbered.date), mine, behind=self._behind)

    def _push(
        self, unit: SqlUnit, actor: Actor, message: MachineMessage, intents: Sequence[Intent], moment: Moment
    ) -> MachineAnswer:
        install = unit.find_install(actor.install_id)
        assert install is not None
        raws = [Raw(write_mutation(one, install.ack_n + at)) for at, one in enumerate(intents, start=1)]
        outcomes = self._engine.push_within(unit, raws, actor, moment.device).outcomes
        return self._tell(unit, message, intents[-1], outcomes[-1])

    def _tell(self, unit: SqlUnit, message: MachineMessage, intent: Intent, outcome: Outcome) -> MachineAnswer:
        key = Key(intent.kind, intent.id)
        stored = unit.records([key]).get(key)
        status = "refused" if outcome.problem else "done"
        if stored is None or stored.standing != "live" or not outcome_is_visible(outcome):
            return MachineAnswer(n=message.n, status=status, problem=outcome.problem)
        body = self._engine.kinds[intent.kind].read(stored.body)
        told = _about_ticket(intent.id, body) if intent.kind == "ticket" else {}
        return MachineAnswer(n=message.n, status=status, state=body["state"], problem=outcome.problem, **told)


def outcome_is_visible(outcome: Outcome) -> bool:
    """Say whether the machine may be told of the record: not of one that is out of its branch."""
    return outcome.problem is None or outcome.problem.code != ErrorCode.NOT_IN_SCOPE.code


def actor_of(partner: Partner) -> Actor:
    """Return a machine as the engine sees it: an install without a person, in its branch."""
    assert partner.install_id is not None
    return Actor(
        install_id=partner.install_id, staff_no=partner.partner_id, org_id=partner.org_id,
        roles=frozenset({partner.sort}), schema=SCHEMA,
        buckets=frozenset({branch_bucket(partner.org_id), install_bucket(partner.install_id)}),
    )  # fmt: skip


def hear(raw: Raw) -> Heard:
    """Return a message as far as it can be read. Raises Malformed if it has no number."""
    try:
        named = _numbered.decode(raw)
        n = msgspec.json.decode(named.pop("n"), type=int)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError) as error:
        raise Malformed("a message has no readable number `n`") from error
    if not 1 <= n <= 2**53 - 1:
        raise Malformed("a message's number `n` is out of range")
    named.pop("answered", None)
    said = {name: msgspec.json.decode(value) for name, value in named.items()}
    has_secret = carries_secret(said)
    digest = sha256(_sorted.encode(redact(said) if has_secret else said)).hexdigest()
    if has_secret:
        return Heard(n=n, digest=digest, has_secret=True)
    try:
        return Heard(n=n, digest=digest, message=msgspec.json.decode(raw, type=MachineMessage))
    except msgspec.ValidationError as error:
        return Heard(n=n, digest=digest, wrong=plain_words(str(error), MachineMessage))


def _about_ticket(id: str, body: Body) -> Body:
    return {
        "ticket_id": id, "series": body["series"], "number": body["number"], "overflow": body["overflow"],
        "business_date": body["business_date"], "counter": body["counter"],
        "display": write_number(body["series"], body["number"], body["overflow"]),
    }  # fmt: skip


def _refused(n: int, code: ErrorCode, **args: object) -> MachineAnswer:
    return MachineAnswer(n=n, status="refused", problem=Problem(code=code.code, args=dict(args)))


def _ack_n(connection: Connection, install_id: str) -> int:
    chosen = select(func.max(machine_message.c.n)).where(machine_message.c.install_id == install_id)
    return connection.scalar(chosen) or 0
