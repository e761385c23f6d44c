"""`sluis token`: give a token, and take all of a person back at once."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.cli import app
from broker.store import Store, migrate
from tests.store.store_world import fill


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a broker with one gebruiker."""
    address = f"sqlite:///{tmp_path / 'sluis.db'}"

    async def made() -> None:
        await migrate(address)
        store = await Store.open(address)
        await fill(store)
        await store.close()

    asyncio.run(made())
    return tmp_path


def token(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run `sluis token` on this folder: the exit code and what it says."""
    run = CliRunner().invoke(app, ["token", *arguments, "--map", str(folder)])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return run.exit_code, run.output.strip()


def test_all_tokens_are_taken_back_and_counted(folder: Path) -> None:
    """Taking back says in Dutch how many tokens it ended, and a second time there is none."""
    for _ in range(2):
        assert token(folder, "g-017")[0] == 0

    assert token(folder, "g-017", "--intrekken") == (0, "2 toegangsbewijzen zijn ingetrokken.")
    again = (0, "Deze gebruiker had geen geldig toegangsbewijs.")
    assert token(folder, "g-017", "--intrekken") == again
    token(folder, "g-017")
    assert token(folder, "g-017", "--intrekken") == (0, "1 toegangsbewijs is ingetrokken.")


def test_unknown_gebruiker_is_told(folder: Path) -> None:
    """A gebruiker who is not there is an error of one sentence."""
    code, told = token(folder, "g-404", "--intrekken")

    assert code == 2
    assert told.endswith("bestaat niet.")
