"""A log that lives: lines, faults, restarts, old copies and a witness, in any order.

Beside it runs the tree of RFC 6962 by the letter, over what was acknowledged.
"""

import contextlib
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from audit.checkpoint import Checkpoint
from audit.entry import Entry
from audit.errors import AuditError
from audit.log import Log
from audit.merkle import check_inclusion, leaf_hash
from audit.note import Note
from audit.writer import Options
from tests.audit.getuigen import Home, request
from tests.audit.logs import ORIGIN, SIGNER, an_entry, copy_log, findings, open_log, tree_hash
from tests.audit.test_audit_faults import Fault, FaultyDisk

OPERATIONS = 30
"""More than a group of lines takes, so a fault may also come too late."""
Group = list[tuple[Entry, bytes]]


def checkpoint_of(note: str) -> Checkpoint:
    """Read a checkpoint of this log."""
    return Checkpoint.parse(Note.parse(note).text)


class Life(RuleBasedStateMachine):
    """The log, what must be true of it, and what may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.held = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp())
        self.held.callback(shutil.rmtree, self.folder)
        self.fault = Fault()
        self.leaves: list[bytes] = []
        self.groups: list[tuple[Group, int]] = []
        """What was acknowledged, and at which line it began."""
        self.number = 0
        self.witnessed = 0
        self.copies: list[tuple[Path, int]] = []
        self.copied = 0

    @initialize()
    def begin(self) -> None:
        """Make the log, and a witness."""
        self.log = self._open()
        home = Home(self.folder / "getuige", [SIGNER.vkey])
        self.witness, _ = self.held.enter_context(home.open())

    @rule(count=st.integers(1, 6))
    def record(self, count: int) -> None:
        """Lines that are recorded together stand together."""
        group = self._group(count)
        receipts = self.log.append_many(group).result()
        assert [r.index for r in receipts] == [len(self.leaves) + n for n in range(count)]
        self._acknowledged(group, [receipt.leaf for receipt in receipts])

    @precondition(lambda self: self.groups)
    @rule(data=st.data())
    def record_again(self, data: st.DataObject) -> None:
        """What was recorded already gives the receipts of then, and adds nothing."""
        group, first = data.draw(st.sampled_from(self.groups))
        receipts = self.log.append_many(group).result()
        assert [r.index for r in receipts] == [*range(first, first + len(group))]

    @rule(count=st.integers(1, 6), at=st.integers(0, OPERATIONS), after=st.booleans())
    def fail(self, count: int, at: int, *, after: bool) -> None:
        """An operation of the disk fails: all lines of the group are there afterwards, or none."""
        self.fault.number, self.fault.after = len(self.fault.names) + at, after
        self.fault.armed = True
        group, told = self._group(count), None
        with contextlib.suppress(AuditError):
            told = self.log.append_many(group).result()
        with contextlib.suppress(AuditError):
            self.log.close()
        self.fault = Fault()
        self.log = self._open()
        there = self.log.leaves(len(self.leaves), len(self.leaves) + count + 1)
        assert len(there) in ((count,) if told else (0, count))
        if there:
            self._acknowledged(group, there)

    @rule()
    def restart(self) -> None:
        """Close it and open it again."""
        self.log.close()
        self.log = self._open()

    @rule()
    def be_witnessed(self) -> None:
        """A witness signs, for the log continues what it saw before."""
        size, old = len(self.leaves), self.witnessed
        proof = self.log.consistency(old, size) if 0 < old < size else ()
        answer = self.witness.add_checkpoint(request(old, proof, self.log.checkpoint()))
        assert answer.status == 200
        self.witnessed = size

    @rule()
    def copy(self) -> None:
        """Keep a copy, as a backup does."""
        self.log.close()
        self.copied += 1
        target = self.folder / f"kopie-{self.copied}"
        copy_log(self.folder / "log", target)
        self.copies.append((target, len(self.leaves)))
        self.log = self._open()

    @precondition(lambda self: any(size < self.witnessed for _, size in self.copies))
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """An old copy that goes on with other lines gets no signature of the witness."""
        older = [each for each in self.copies if each[1] < self.witnessed]
        path, size = data.draw(st.sampled_from(older))
        lines = self.witnessed + 1 - size
        with open_log(path) as log:
            log.append_many([an_entry(1_000_000 + n) for n in range(lines)]).result()
            proof = log.consistency(self.witnessed, self.witnessed + 1) if self.witnessed else ()
            body = request(self.witnessed, proof, log.checkpoint())
        self.copies.remove((path, size))
        assert self.witness.add_checkpoint(body).status == 422

    @invariant()
    def tree_is_by_the_letter(self) -> None:
        """The signed root is that over all acknowledged lines, and proofs lead to it."""
        hashes = [leaf_hash(leaf) for leaf in self.leaves]
        signed = checkpoint_of(self.log.checkpoint())
        assert (signed.origin, signed.size) == (ORIGIN, len(hashes))
        assert signed.root == tree_hash(hashes)
        for index in {0, len(hashes) // 2, len(hashes) - 1} & {*range(len(hashes))}:
            proof = self.log.proof(index)
            check_inclusion(index, len(hashes), hashes[index], proof, signed.root)

    @override
    def teardown(self) -> None:
        """Whoever checks the log at the end finds nothing."""
        if hasattr(self, "log"):
            self.log.close()
            assert findings(self.folder / "log") == []
        self.held.close()

    def _open(self) -> Log:
        return open_log(self.folder / "log", Options(disk=FaultyDisk(self.fault)))

    def _group(self, count: int) -> Group:
        self.number += count
        return [an_entry(number) for number in range(self.number - count, self.number)]

    def _acknowledged(self, group: Group, leaves: list[bytes]) -> None:
        self.groups.append((group, len(self.leaves)))
        self.leaves += leaves


def test_whatever_happens_the_log_is_the_tree_of_what_was_acknowledged() -> None:
    """Faults, restarts, old copies and witnesses, in any order, lose nothing and fork nothing."""
    run_state_machine_as_test(
        Life, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
