"""What is typed wrong at the command line is told in Dutch, with what is wrong and how to go on."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from broker.cli import app
from broker.cli.dutch import confirmed, speak_dutch
from broker.decision.register import default_root

ROOT = default_root()

WRONG = {
    "toets --foo": "De optie --foo is er niet.",
    "toets --jso": "De optie --jso is er niet. Bedoelt u --json of --jsonl?",
    "audit verifi": "De opdracht verifi is er niet. Bedoelt u verify?",
    "xyz": "De opdracht xyz is er niet.",
    "999993653": "Deze opdracht is er niet.",
    "audit": "Noem een opdracht.",
    "replay --werkers nul": "--werkers: Schrijf een geheel getal.",
    "replay --werkers 0": "--werkers: Het getal is ten minste 1.",
    "vuistregels --fase 4": "--fase: Het getal is hoogstens 3.",
    "vuistregels --op gisteren": "--op: Schrijf een datum als 2026-11-20.",
    "replay --to gisteren": (
        "--to: Schrijf een datum als 2026-11-20, of een moment als 2026-11-20T14:00:00+01:00."
    ),
    "adl --from 2026-12-31 --to 2026-01-01": "--to: Dit ligt niet na --from.",
    "bundels map --poort 65536": "--poort: Het getal is hoogstens 65535.",
    "witness map --logboeken l --poort -1": "--poort: Het getal is ten minste 0.",
    "partners --poort-vanaf 65530": "--poort-vanaf: Het getal is hoogstens 65519.",
    "impact": "--on ontbreekt.",
    "impact --on gisteren": "--on: Schrijf een datum als 2024-05-01.",
    "impact --on": "Achter --on hoort een waarde.",
    "replay --json=3": "Achter --json hoort geen waarde.",
    "replay P. Peters": "Er staat meer achter de opdracht dan zij kent.",
    "token": "gebruiker ontbreekt.",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_told(words: str) -> None:
    """The first line tells what is wrong; nothing of it is English, and nothing is done."""
    done = CliRunner().invoke(app, words.split(), prog_name="sluis")

    assert (done.exit_code, done.stdout) == (2, "")
    first, *more = done.stderr.splitlines()
    assert first == WRONG[words]
    assert not re.search("Usage|Try|OPTIONS|Peters|999993653", done.stderr)
    if more:
        assert more[0].startswith("Gebruik: sluis")
        assert more[-1] == f"Meer uitleg: {_command(words)} --help"


def _command(words: str) -> str:
    given = [word for word in words.split() if word in {"audit", *_names()}]
    return " ".join(["sluis", *given])


def _names() -> set[str]:
    return {command.name for command in app.registered_commands if command.name}


@pytest.mark.parametrize("words", ["", "regels", "replay", "uitvoer woo", "audit export"])
def test_help_is_dutch(words: str) -> None:
    """A help text has Dutch headings and says in Dutch how it is used."""
    told = CliRunner().invoke(app, [*words.split(), "--help"], prog_name="sluis").stdout

    assert "Gebruik: sluis" in told
    assert "Toon deze uitleg." in told
    assert not re.search(r"Usage|Options|OPTIONS|Arguments|Commands|COMMAND|default|Show", told)


def test_command_line_is_quick() -> None:
    """Help and a token need no database, no rules and no tables: nothing slow is imported."""
    code = (
        "import sys, broker.cli; print(sorted({'pydantic', 'rich', 'sqlalchemy'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)

    assert done.stdout == b"[]\n"


def test_other_terminal_is_no_trouble() -> None:
    """The command line writes UTF-8, also where the terminal is set to something else."""
    done = subprocess.run(
        [sys.executable, "-m", "broker", "--help"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert "Neem een besluit" in done.stdout.decode("utf-8")


def test_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    """The name of a folder may be any bytes; the sentence about it is told all the same."""
    folder = os.fsencode(tmp_path / "map") + b"-\xff"
    command = [os.fsencode(sys.executable), b"-m", b"broker", b"token", b"g-017", b"--map", folder]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)

    assert done.returncode == 2
    assert b"staan geen gegevens van Sluis" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--alleen", "foo"], "--alleen: Kies een van: brp"),
        (["--alleen", ""], "--alleen: Kies een van: brp"),
        (["--storing", "foo=weg"], "--storing: Kies een van: brp"),
        (["--storing", "uwv=raar"], "--storing: Kies een van: traag"),
    ],
)
def test_partner_that_is_not_there_is_told(words: list[str], sentence: str) -> None:
    """The names of the partners, and of what may be wrong with them, are told in Dutch."""
    done = CliRunner().invoke(app, ["partners", *words], prog_name="sluis")

    assert done.exit_code == 2
    assert done.stderr.startswith(sentence)
    assert "gebruik: sluis partners" in done.stderr


def test_group_without_command_shows_its_help() -> None:
    """Who types only `sluis regels` sees what there is, and no line of trouble."""
    done = CliRunner().invoke(app, ["regels"], prog_name="sluis")

    assert done.exit_code == 2
    assert "voer-in" in done.output
    assert "ontbreekt" not in done.output


def _asking() -> typer.Typer:
    asking = typer.Typer()

    @asking.command()
    def vraag(value: Annotated[str, typer.Argument()] = "") -> None:
        typer.echo(str(confirmed("Zeker?")))
        if value:
            raise KeyError(value)

    @asking.callback()
    def several() -> None:
        """Make it a group."""

    speak_dutch(asking)
    return asking


@pytest.mark.parametrize(
    ("typed", "means"),
    [("ja", True), ("J", True), (" ja ", True), ("nee", False), ("yes", False), ("", False)],
)
def test_yes_is_ja(typed: str, means: bool) -> None:  # noqa: FBT001 - as the table has it
    """Only ja confirms."""
    done = CliRunner().invoke(_asking(), ["vraag"], input=f"{typed}\n")

    assert done.stdout.endswith(f"{means}\n")
    assert "[ja/nee]" in done.stdout


def test_end_of_input_is_no_answer() -> None:
    """When there is nobody to answer, it stops with a sentence."""
    done = CliRunner().invoke(_asking(), ["vraag"], input="")

    assert done.exit_code == 1
    assert "Gestopt." in done.stderr


def test_mistake_of_ours_is_not_hidden() -> None:
    """An error that nobody expects stays what it is."""
    done = CliRunner().invoke(_asking(), ["vraag", "x"], input="ja\n")

    assert isinstance(done.exception, KeyError)
