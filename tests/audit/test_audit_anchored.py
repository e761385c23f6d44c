"""What others say of a log: witnesses, time stamps, and clocks that were set back or forward."""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from audit.findings import Code
from audit.note import Note, Signer
from audit.policy import Policy
from audit.verify import Demands, verify
from tests.audit.attacks import checkpoint, copied
from tests.audit.autoriteit import STAMPING, Maker, authority, issue
from tests.audit.logs import SIGNER, START, a_log, run_sql, short, with_database

ROOT = issue("Wortel", None, authority())
TSA = issue("Dienst", ROOT, STAMPING)
WITNESSES = [
    Signer.cosigner(f"getuige-{i}.example", Ed25519PrivateKey.from_private_bytes(bytes([i]) * 32))
    for i in range(1, 4)
]
POLICY = Policy.parse(
    "".join(
        [
            f"log {SIGNER.vkey}\n",
            *(f"witness g{i} {w.vkey}\n" for i, w in enumerate(WITNESSES)),
            "group allen 2 g0 g1 g2\nquorum allen\n",
        ]
    ).encode()
)
SEEN = 1_763_600_000
FULL = Demands(policy=POLICY, authorities=[ROOT.certificate])
SIZES = [100, 300, 600]
"""Line n happens n seconds after START, so size 300 was reached after five minutes."""


@pytest.fixture(name="template", scope="module")
def make_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a log of six hundred lines, one each second, once."""
    return a_log(tmp_path_factory.mktemp("anchored") / "log", SIZES)


@pytest.fixture(name="directory")
def copy_template(template: Path, tmp_path: Path) -> Path:
    """Give a fresh copy of the log."""
    return copied(template, tmp_path / "log")


def anchor(
    directory: Path, size: int, witnesses: Sequence[Signer] = WITNESSES[:2], seen: int = SEEN
) -> str:
    """Anchor the checkpoint of some size, seen by these witnesses; return its text."""
    note = note_of(directory, size)
    text = Note.parse(note).text
    note += "".join(witness.line(text, seen + size) for witness in witnesses)
    (directory / "anker").mkdir(exist_ok=True)
    (directory / "anker" / str(size)).write_text(note)
    return text


def note_of(directory: Path, size: int) -> str:
    """Return the checkpoint of some size."""
    found: list[str] = []

    def read(connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT note FROM controlepunt WHERE size = ?", (size,))
        found.append(rows.fetchone()[0])

    with_database(directory, read)
    return found[0]


def stamp(directory: Path, size: int, text: str, after: float) -> None:
    """Put a stamp over an anchor, at some seconds after START."""
    at = (START + dt.timedelta(seconds=after)).strftime("%Y%m%d%H%M%SZ")
    data = Maker(signer=TSA, at=at, text=text.encode()).response()
    (directory / "anker" / f"{size}.dienst.tsr").write_bytes(data)


def told(directory: Path, demands: Demands = FULL) -> list[tuple[Code, int, int]]:
    """Return the findings, without the vault that is not given."""
    found = verify(directory, SIGNER.vkey, None, demands)
    return [short(one) for one in found if "kluis" not in one.melding]


def test_good_anchors(directory: Path) -> None:
    """Anchors that witnesses signed and that were stamped in time give no findings."""
    for size in SIZES:
        stamp(directory, size, anchor(directory, size), size + 2)

    assert told(directory) == []


def test_what_is_not_given_is_told(directory: Path) -> None:
    """Without policy and authorities the anchors count as checkpoints, and that is told."""
    stamp(directory, 300, anchor(directory, 300), 302)

    assert [one.melding for one in verify(directory, SIGNER.vkey)] == [
        "Let op: er is geen policy gegeven; de getuigen zijn niet nagekeken.",
        "Let op: er zijn geen tijdstempeldiensten gegeven; de tijdstempels zijn niet nagekeken.",
        "Let op: de kluis is niet gegeven; de verzegelde inhoud is niet nagekeken.",
    ]


def test_too_few_witnesses(directory: Path) -> None:
    """An anchor without the quorum of the policy is named; with k of n it holds."""
    anchor(directory, 100, WITNESSES[1:])
    anchor(directory, 300, WITNESSES[:1])

    assert told(directory) == [(Code.GETUIGEN, 0, 299)]


def test_false_witness(directory: Path) -> None:
    """A signature of a known witness that does not hold makes the anchor unusable."""
    anchor(directory, 300)
    path = directory / "anker" / "300"
    other = anchor(directory, 100)
    line = WITNESSES[2].line(other, SEEN)
    path.write_text(path.read_text() + line)

    found = verify(directory, SIGNER.vkey, None, FULL)
    assert (
        "Regels 0 tot en met 299: het bestand anker/300 klopt niet. De handtekening klopt niet."
        in [one.melding for one in found]
    )


def test_rewritten_log_is_betrayed_by_its_anchor(directory: Path, tmp_path: Path) -> None:
    """Who rewrites all with the true key is betrayed by what the witnesses saw."""
    anchor(directory, 300)
    second = a_log(tmp_path / "anders", SIZES)
    for path in directory.rglob("*"):
        if path.is_file() and "anker" not in path.parts:
            path.write_bytes((second / path.relative_to(directory)).read_bytes())

    assert told(directory) == [(Code.SPLITSING, 100, 299)]


def test_truncated_log_is_betrayed_by_its_anchor(directory: Path, tmp_path: Path) -> None:
    """Who cuts the log back with all its files is betrayed by a later anchor."""
    anchor(directory, 600)
    kept = (directory / "anker" / "600").read_text()
    second = a_log(tmp_path / "kort", [100, 300])
    (second / "anker").mkdir()
    (second / "anker" / "600").write_text(kept)

    assert told(second) == [(Code.AFGEKAPT, 300, 599)]


@pytest.mark.parametrize("name", ["300", "301"])
def test_anchor_that_is_none(directory: Path, name: str) -> None:
    """Rubbish, or a checkpoint of another size, is named with its file."""
    (directory / "anker").mkdir()
    (directory / "anker" / name).write_text("rommel" if name == "300" else checkpoint(300))

    found = verify(directory, SIGNER.vkey, None, FULL)
    melding = next(one.melding for one in found if one.code is Code.ANKER)
    assert f"het bestand anker/{name}" in melding


def test_anchor_of_another_log(directory: Path) -> None:
    """A checkpoint that this log did not sign is no anchor of it."""
    (directory / "anker").mkdir()
    signer = Signer.of(SIGNER.vkey.name, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    text = Note.parse(checkpoint(300)).text
    (directory / "anker" / "300").write_text(signer.sign(text))

    assert told(directory) == [(Code.ANKER, 0, 299)]


def test_clock_of_a_witness_that_goes_back(directory: Path) -> None:
    """A witness that saw a larger log earlier is named."""
    anchor(directory, 100)
    anchor(directory, 300, seen=SEEN - 1000)

    assert told(directory) == [(Code.TIJD, 0, 299)]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        # The clock of the broker was an hour ahead: lines say that they are later than the stamp.
        (-3600, [(Code.TIJD, 0, 299)]),
        (300 - 400, [(Code.TIJD, 201, 299)]),
        # Within five minutes nothing is said.
        (300 - 280, []),
        (300 + 280, []),
        # The clock was set back after the stamp: later lines say that they are earlier.
        (300 + 3600, [(Code.TIJD, 300, 599)]),
        (300 + 400, [(Code.TIJD, 300, 399)]),
    ],
)
def test_clock_against_a_stamp(
    directory: Path, after: int, expected: list[tuple[Code, int, int]]
) -> None:
    """Lines whose moments do not fit the stamp before or after them are named."""
    stamp(directory, 300, anchor(directory, 300), after)

    assert told(directory) == expected


def test_clock_is_read_from_rows_when_bundles_are_gone(directory: Path) -> None:
    """Moments come from the rows where a bundle is gone."""
    stamp(directory, 300, anchor(directory, 300), 700)
    (directory / "tile/entries/001").unlink()

    assert told(directory) == [(Code.BUNDEL, 256, 511), (Code.TIJD, 300, 399)]


def test_stamps_that_prove_nothing(directory: Path) -> None:
    """A stamp over something else, and one that is torn, are named with their files."""
    text = anchor(directory, 300)
    other = anchor(directory, 100)
    stamp(directory, 100, text, 302)
    stamp(directory, 300, text, 302)
    path = directory / "anker" / "300.dienst.tsr"
    path.write_bytes(path.read_bytes()[:-3])
    assert other != text

    found = [one for one in verify(directory, SIGNER.vkey, None, FULL) if not one.is_note]
    assert [short(one) for one in found] == [(Code.STEMPEL, 0, 99), (Code.STEMPEL, 0, 299)]
    assert [one.melding.split(".")[0] for one in found] == [
        "Regels 0 tot en met 99: het bestand anker/100",
        "Regels 0 tot en met 299: het bestand anker/300",
    ]
    assert all("tsr klopt niet. " in one.melding for one in found)


def test_second_signature_of_the_log(directory: Path) -> None:
    """With the ML-DSA-44 key of the log given, its signature must stand under the checkpoint."""
    signer = Signer.cosigner(SIGNER.vkey.name, MLDSA44PrivateKey.generate())
    keys = [SIGNER.vkey, signer.vkey]
    assert (Code.HANDTEKENING, 0, 599) in [short(one) for one in verify(directory, keys)]

    path = directory / "checkpoint"
    note = path.read_text()
    path.write_text(note + signer.line(Note.parse(note).text))
    assert all(one.is_note for one in verify(directory, keys))
    path.write_text(note + signer.line(Note.parse(checkpoint(600)).text))
    assert (Code.HANDTEKENING, 0, 599) in [short(one) for one in verify(directory, keys)]


def test_anchors_that_cannot_be_read(directory: Path) -> None:
    """A file in the place of the folder of anchors is told, and checking goes on."""
    (directory / "anker").write_text("")
    run_sql(directory, "UPDATE regel SET hash = zeroblob(32) WHERE seq = 3")

    found = verify(directory, SIGNER.vkey)
    assert any("De map anker is niet te lezen" in one.melding for one in found)
    assert (Code.HASH, 3, 3) in [short(one) for one in found]
