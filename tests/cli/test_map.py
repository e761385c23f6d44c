"""The folder and the port that a command needs: one sentence in Dutch when it cannot have them."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.cli import app

READING = (
    ["replay"],
    ["adl"],
    ["regels", "lijst"],
    ["token", "g-017"],
    ["impact", "--end", "hhk-1", "--on", "2026-12-01"],
)


def run(*arguments: str) -> tuple[int, str]:
    """Run `sluis`: the exit code and what it says."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_folder_without_data_is_told(tmp_path: Path, command: list[str]) -> None:
    """Who asks about data that are not there hears so, and how to make them; nothing is made."""
    (tmp_path / "bestand").touch()
    for folder in (tmp_path, tmp_path / "nee", tmp_path / "bestand"):
        code, said = run(*command, "--map", str(folder))

        assert code == 2
        assert f"In {folder} staan geen gegevens van Sluis. `sluis serve` maakt ze" in said
    assert [path.name for path in tmp_path.iterdir()] == ["bestand"]


@pytest.mark.parametrize("more", [[], ["--zonder-partners"]])
def test_folder_that_cannot_be_made_is_told(tmp_path: Path, more: list[str]) -> None:
    """A file in the place of the folder gives a sentence, and stays."""
    (tmp_path / "bestand").write_text("van u")

    code, said = run("serve", "--poort", "0", "--map", str(tmp_path / "bestand"), *more)

    assert (code, said) == (2, f"De map {tmp_path / 'bestand'} kan niet worden gemaakt.\n")
    assert (tmp_path / "bestand").read_text() == "van u"


def test_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """A port that another program has gives a sentence, and a way out."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])

        bundels = run("bundels", str(tmp_path), "--poort", port)
        served = run("serve", "--map", str(tmp_path / "var"), "--poort", port)

    sentence = f"Poort {port} is niet vrij. Kies een andere met --poort, of --poort 0.\n"
    assert bundels == served == (2, sentence)
    assert not (tmp_path / "var").exists()


def test_address_of_another_machine_is_told(tmp_path: Path) -> None:
    """An address that is not of this machine is not called a port that is taken."""
    code, said = run("bundels", str(tmp_path), "--adres", "192.0.2.1", "--poort", "0")

    sentence = (
        "Hier kan Sluis niet luisteren. Kies een adres van deze machine, of een andere poort."
    )
    assert (code, said) == (2, f"{sentence}\n")
