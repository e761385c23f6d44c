"""The side of the log: have witnesses cosign a checkpoint, and ask what they saw last.

Every witness has a thread and a deadline of its own, so a slow one keeps nobody waiting. What
a witness saw last is remembered; a witness that tells otherwise (409) gets one more try. Only
signatures that hold, of keys in the policy, end up under the checkpoint.
"""

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from audit.checkpoint import Checkpoint, encode_base64, parse_decimal
from audit.errors import AuditError, NoteError, WitnessError
from audit.note import Note
from audit.policy import KnownWitness, Policy
from audit.vkey import Vkey
from audit.witness.state import SIZE
from audit.witness.store import origin_hash
from audit.witness.transport import HttpTransport, Reply, Transport

OK, CONFLICT, REDIRECTS = 200, 409, range(300, 400)
_GRACE = 0.05
"""Seconds after the deadline in which an answer may still come out of its thread."""
_T = TypeVar("_T")

Proof = Callable[[int, int], Sequence[bytes]]
"""Gives the proof that the log at the second size continues the log at the first."""

_SIZE_BODY = re.compile(rb"([0-9]{1,19})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it went with one witness."""

    url: str
    names: tuple[str, ...]
    """Its names in the policy: one for each of its keys."""
    moments: Mapping[str, int]
    """The names that signed, and when."""
    trouble: str | None = None
    """Why it did not sign, as a Dutch sentence."""
    ahead: int | None = None
    """The size that the witness says it saw, when that is more than this log has.

    Then this log may be an old copy. The witness alone says so: `latest` gives the proof.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """A checkpoint, and what the witnesses made of it."""

    note: str
    """The checkpoint with all cosignatures that hold, also those it came with."""
    moments: Mapping[str, int]
    """Name of each witness that signed it, and when."""
    quorum: bool
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The last checkpoint that a witness cosigned; both signatures were checked."""

    url: str
    checkpoint: Checkpoint
    moments: Mapping[str, int]
    note: str


@dataclass(slots=True)
class _Place:
    """One witness: an address, with the keys that the policy has for it."""

    url: str
    witnesses: tuple[KnownWitness, ...]
    size: int = 0
    """What it cosigned last, as far as we know."""
    thread: threading.Thread | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(witness.name for witness in self.witnesses)

    def moments(self, note: Note) -> dict[str, int]:
        signed = note.moments([witness.vkey for witness in self.witnesses])
        found = {witness.name: signed.get(witness.vkey, 0) for witness in self.witnesses}
        return {name: moment for name, moment in found.items() if moment > 0}


@dataclass(slots=True, kw_only=True)
class WitnessClient:
    """Talks to all witnesses of a policy that have an address. For one thread at a time."""

    policy: Policy
    transport: Transport = field(default_factory=HttpTransport)
    seconds: float = 5.0
    """Deadline of one witness, both tries together."""
    ticks: Callable[[], float] = time.monotonic
    _places: tuple[_Place, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found: dict[str, list[KnownWitness]] = {}
        for witness in self.policy.witnesses:
            if witness.url is not None:
                found.setdefault(witness.url.rstrip("/"), []).append(witness)
        self._places = tuple(_Place(url, tuple(each)) for url, each in found.items())

    def submit(self, note: str, proof: Proof) -> Witnessed:
        """Have the witnesses cosign a checkpoint.

        Args:
            note: The checkpoint, signed by the log.
            proof: Gives consistency proofs of the log; called from several threads.

        Raises:
            NoteError: No log of the policy signed this checkpoint.
        """
        checkpoint = self.policy.judge(note).checkpoint
        body = _Body(note=note, size=checkpoint.size, proof=proof)
        answers = self._ask_all(lambda place, end: self._submit_to(place, body, end))
        outcomes = []
        for place, answer in answers:
            if isinstance(answer, str):
                outcomes.append(_outcome(place, trouble=answer))
                continue
            lines, outcome = answer
            note = _merge(note, lines, place)
            outcomes.append(outcome)
        moments = self.policy.moments(Note.parse(note))
        return Witnessed(
            note=note,
            moments=moments,
            quorum=self.policy.reached(moments),
            outcomes=tuple(outcomes),
        )

    def latest(self, vkeys: Sequence[Vkey]) -> tuple[Latest, ...]:
        """Ask every witness for the last checkpoint it cosigned of the log with these keys.

        Witnesses that do not answer, or without a valid signature of log and witness, are left
        out. So whatever comes back was really signed by this log.
        """
        path = f"/{origin_hash(vkeys[0].name)}/checkpoint"

        def ask(place: _Place, end: float) -> Latest:
            reply = self._exchange("GET", place.url + path, None, end)
            if reply.status != OK:
                raise WitnessError("De getuige heeft nog niets van dit logboek.")
            return _opened(place, reply, vkeys)

        return tuple(got for _, got in self._ask_all(ask) if isinstance(got, Latest))

    def _submit_to(self, place: _Place, body: "_Body", end: float) -> tuple[str, Outcome]:
        if place.size > body.size:
            return _ahead(place, place.size, body.size)
        reply = self._post(place, body, end)
        if reply.status == CONFLICT:
            seen = _size_in(reply)
            if seen > body.size:
                return _ahead(place, seen, body.size)
            if seen != place.size:
                place.size = seen
                reply = self._post(place, body, end)
        if reply.status != OK:
            raise WitnessError(_told(reply.status))
        return self._signed(place, body, reply)

    def _signed(self, place: _Place, body: "_Body", reply: Reply) -> tuple[str, Outcome]:
        text = body.note[: body.note.rfind("\n\n") + 1]
        lines = _text(reply)
        moments = place.moments(Note.parse(f"{text}\n{lines}"))
        if not moments:
            raise WitnessError("Het antwoord van de getuige bevat geen handtekening van hem.")
        place.size = body.size
        return lines, _outcome(place, moments=moments)

    def _post(self, place: _Place, body: "_Body", end: float) -> Reply:
        return self._exchange("POST", f"{place.url}/add-checkpoint", body.of(place.size), end)

    def _exchange(self, method: str, url: str, body: bytes | None, end: float) -> Reply:
        left = end - self.ticks()
        if left <= 0:
            raise WitnessError("De getuige antwoordt niet op tijd.")
        return self.transport.exchange(method, url, body, left)

    def _ask_all(self, ask: Callable[[_Place, float], _T]) -> list[tuple[_Place, _T | str]]:
        end = self.ticks() + self.seconds
        answers: queue.SimpleQueue[tuple[int, _T | str]] = queue.SimpleQueue()
        found: dict[int, _T | str] = {}
        for number, place in enumerate(self._places):
            if place.thread is not None and place.thread.is_alive():
                found[number] = "De getuige is nog bezig met de vorige vraag."
                continue
            # A daemon: a name that does not resolve must not keep the process alive.
            place.thread = threading.Thread(
                target=_run, args=(ask, place, number, end, answers), name="witness", daemon=True
            )
            place.thread.start()
        while len(found) < len(self._places):
            try:
                number, answer = answers.get(timeout=max(0.0, end - self.ticks()) + _GRACE)
            except queue.Empty:
                break
            found[number] = answer
        late = "De getuige antwoordt niet op tijd."
        return [(place, found.get(number, late)) for number, place in enumerate(self._places)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    note: str
    size: int
    proof: Proof

    def of(self, old: int) -> bytes:
        """Return the request for a witness that saw this size last."""
        steps = self.proof(old, self.size) if 0 < old < self.size else ()
        lines = "".join(f"{encode_base64(step)}\n" for step in steps)
        return f"old {old}\n{lines}\n{self.note}".encode()


def _run(
    ask: Callable[[_Place, float], _T],
    place: _Place,
    number: int,
    end: float,
    answers: "queue.SimpleQueue[tuple[int, _T | str]]",
) -> None:
    answer: _T | str
    try:
        answer = ask(place, end)
    except AuditError as error:
        answer = str(error)
    except Exception:  # noqa: BLE001 - whatever failed, the others go on
        answer = "Bij deze getuige ging onverwacht iets mis."
    answers.put((number, answer))


def _outcome(
    place: _Place,
    *,
    moments: Mapping[str, int] | None = None,
    trouble: str | None = None,
    ahead: int | None = None,
) -> Outcome:
    return Outcome(
        url=place.url, names=place.names, moments=moments or {}, trouble=trouble, ahead=ahead
    )


def _ahead(place: _Place, seen: int, size: int) -> tuple[str, Outcome]:
    trouble = f"De getuige zag al {seen} regels; dit controlepunt heeft er {size}."
    return "", _outcome(place, trouble=trouble, ahead=seen)


def _merge(note: str, lines: str, place: _Place) -> str:
    if not lines:
        return note
    old = Note.parse(note)
    keys = {(witness.vkey.name, witness.vkey.key_id) for witness in place.witnesses}
    fresh = {
        (line.name, line.key_id): line
        for line in Note.parse(f"{old.text}\n{lines}").signatures
        if (line.name, line.key_id) in keys
    }
    kept = [line for line in old.signatures if (line.name, line.key_id) not in fresh]
    return Note(text=old.text, signatures=(*kept, *fresh.values())).whole()


def _opened(place: _Place, reply: Reply, vkeys: Sequence[Vkey]) -> Latest:
    text = _text(reply)
    note = Note.parse(text)
    note.check(vkeys)
    checkpoint = Checkpoint.parse(note.text)
    moments = place.moments(note)
    if checkpoint.origin != vkeys[0].name or not moments:
        raise WitnessError("Het controlepunt van de getuige is niet van dit logboek of van hem.")
    return Latest(url=place.url, checkpoint=checkpoint, moments=moments, note=text)


def _text(reply: Reply) -> str:
    try:
        return reply.body.decode()
    except UnicodeDecodeError:
        raise NoteError("Het antwoord van de getuige is geen leesbare tekst.") from None


def _size_in(reply: Reply) -> int:
    match = _SIZE_BODY.fullmatch(reply.body)
    if match is None or reply.content_type != SIZE:
        raise WitnessError("De getuige zegt niet welke grootte hij het laatst zag.")
    return parse_decimal(match[1].decode())


def _told(status: int) -> str:
    if status in REDIRECTS:
        return "De getuige verwijst door naar een ander adres; dat volgen wij niet."
    return _REFUSALS.get(status, f"De getuige antwoordt met status {status}.")


_REFUSALS = {
    400: "De getuige kan het verzoek niet lezen.",
    403: "De getuige kent de handtekening van dit logboek niet.",
    404: "De getuige tekent niet voor dit logboek.",
    409: "De getuige zag intussen een andere grootte; probeer het opnieuw.",
    422: "Volgens de getuige is dit geen voortzetting van wat hij eerder zag.",
}
