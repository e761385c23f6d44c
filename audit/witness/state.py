"""What a witness decides: whether a checkpoint continues what it cosigned before.

A request goes like this, under one lock from step 4 on:

1. Read it; what is malformed is 400. The log must be known (404) and must have signed (403).
2. The old size may not be above the new one (400).
3. Take the lock; nothing else is decided meanwhile.
4. The old size must be what was cosigned last, else 409 with that size.
5. The new tree must continue the old one (422). Two roots of one size prove that the log
   signed two histories; both notes are kept.
6. Sign, bring the result to the platter, and only then answer.

After a failed write it is not known what the disk holds, so the witness signs nothing more
until it is started anew.
"""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.checkpoint import Checkpoint, decode_base64, parse_decimal
from audit.errors import NoteError, ProofError, describe
from audit.merkle import EMPTY_ROOT, check_consistency
from audit.note import Note, Signature
from audit.signer import Signer
from audit.witness.logs import Logs
from audit.witness.store import Seen, Store, origin_hash

MAX_BODY = 256 * 1024
"""Bytes of a request: 63 hashes, and a checkpoint with more than 16 signatures of any kind."""
SKEW = 300
"""Seconds that the clock may lie behind what was signed before."""
PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"

_REQUEST = re.compile(r"old ([^\n]+)\n((?:[^\n]+\n){0,63})\n(.+)", re.DOTALL)

Clock = Callable[[], int]
"""Tells the seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call of add-checkpoint, read but not checked."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> "Request":
        """Read a request strictly.

        Raises:
            NoteError: It is malformed.
        """
        try:
            match = _REQUEST.fullmatch(body.decode()) if len(body) <= MAX_BODY else None
        except UnicodeDecodeError:
            match = None
        if match is None:
            raise NoteError("Dit is geen verzoek om een controlepunt te ondertekenen.")
        old, steps, text = match.groups()
        note = Note.parse(text)
        return cls(
            old=parse_decimal(old),
            proof=tuple(decode_base64(step) for step in steps.split("\n")[:-1]),
            note=note,
            checkpoint=Checkpoint.parse(note.text),
        )


class Refusal(Exception):  # noqa: N818 - the protocol foresees it, so it is no error
    """Why nothing was signed."""

    def __init__(self, status: int, body: str, content_type: str = PLAIN) -> None:
        super().__init__(body)
        self.answer = Answer(status, body if content_type == SIZE else f"{body}\n", content_type)


class Witness:
    """Decides for all logs of one witness. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        signers: Sequence[Signer],
        logs: Logs,
        *,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        """Take up the work.

        Args:
            store: What was cosigned before.
            signers: The keys, the 0x04 key of the store first.
            logs: For which logs to sign.
            clock: Tells the time.
            report: Is told, in one sentence, what the operator must know.
        """
        self._store = store
        self._signers = tuple(signers)
        self._logs = logs
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._trouble: str | None = None
        self._last = max((seen.moment for seen in store.seen.values()), default=0)

    def checkpoint(self, name: str) -> Answer:
        """Answer who asks for the last cosigned checkpoint by the hash of the origin."""
        seen = self._store.seen.get(name)
        if seen is None:
            return Answer(404, "Van dit logboek is hier niets ondertekend.\n")
        return Answer(200, seen.note)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer who wants a checkpoint cosigned; a 200 holds the signature lines."""
        try:
            request = _parse(body)
            signatures = self._signed(request)
            with self._lock:
                return self._advance(request, signatures)
        except Refusal as refusal:
            return refusal.answer

    def _signed(self, request: Request) -> list[Signature]:
        # Steps 1 and 2. Only the lines of the log are kept.
        vkeys = self._logs.get(request.checkpoint.origin)
        if vkeys is None:
            raise Refusal(404, "Voor dit logboek tekent deze getuige niet.")
        try:
            signed = request.note.check(vkeys)
        except NoteError as error:
            raise Refusal(403, str(error)) from None
        if request.old > request.checkpoint.size:
            raise Refusal(400, "De oude grootte ligt boven de nieuwe.")
        names = {(vkey.name, vkey.key_id) for vkey in signed}
        kept = {
            (line.name, line.key_id): line
            for line in request.note.signatures
            if (line.name, line.key_id) in names
        }
        return list(kept.values())

    def _advance(self, request: Request, signatures: Sequence[Signature]) -> Answer:
        if self._trouble is not None:
            raise Refusal(503, self._trouble)
        new = request.checkpoint
        seen = self._store.seen.get(origin_hash(new.origin))
        size = 0 if seen is None else seen.checkpoint.size
        if request.old != size:  # 4
            raise Refusal(409, f"{size}\n", SIZE)
        self._check(request, seen)  # 5
        moment = self._moment()
        lines = self._cosign(request.note.text, moment)  # 6
        logs = "".join(line.line() for line in signatures)
        note = f"{request.note.text}\n{logs}{lines}"
        self._write(lambda: self._store.save(Seen(checkpoint=new, moment=moment, note=note)))
        self._last = moment
        return Answer(200, lines)

    def _check(self, request: Request, seen: Seen | None) -> None:
        new = request.checkpoint
        if new.size == 0 and new.root != EMPTY_ROOT:
            raise Refusal(422, "Een leeg logboek heeft een andere wortel.")
        if seen is not None and new.size == seen.checkpoint.size and new != seen.checkpoint:
            self._write(lambda: self._store.keep_fork(seen, request.note.whole()))
            self._report(
                f"Het logboek {new.origin} ondertekende twee verschillende standen van"
                f" {new.size} regels. Het bewijs staat in de map van de getuige."
            )
            raise Refusal(422, "Van deze grootte is al een andere wortel ondertekend.")
        if seen is None or not request.old:
            if request.proof:
                raise Refusal(422, "Bij een lege oude stand hoort geen bewijs.")
            return
        old = seen.checkpoint
        try:
            check_consistency(old.size, new.size, old.root, new.root, request.proof)
        except ProofError as error:
            raise Refusal(422, str(error)) from None

    def _moment(self) -> int:
        now = self._clock()
        if now < max(1, self._last - SKEW):
            sentence = "De klok van de getuige loopt achter op wat hij al heeft ondertekend."
            self._report(sentence)
            raise Refusal(503, sentence)
        # Never back: whoever reads two cosignatures must see which was the later.
        return max(now, self._last)

    def _cosign(self, text: str, moment: int) -> str:
        lines = [self._signers[0].line(text, moment)]
        for signer in self._signers[1:]:
            try:
                lines.append(signer.line(text, moment))
            except NoteError:
                # ML-DSA-44 cannot vouch for lines below the root; the first key can.
                continue
        return "".join(lines)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._trouble = (
                f"De getuige is gestopt, want bewaren lukte niet: {describe(error)}."
                " Hij ondertekent niets meer tot hij opnieuw is gestart."
            )
            self._report(self._trouble)
            raise Refusal(503, self._trouble) from error


def _parse(body: bytes) -> Request:
    try:
        return Request.parse(body)
    except NoteError as error:
        raise Refusal(400, str(error)) from None
