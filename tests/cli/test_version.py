"""The version that the command tells."""

from typer.testing import CliRunner

from broker.api.middleware import VERSION
from broker.cli import app


def test_version_is_that_of_the_api() -> None:
    """`sluis --version` tells the version that every answer of the API carries."""
    done = CliRunner().invoke(app, ["--version"])

    assert (done.exit_code, done.output) == (0, f"sluis {VERSION}\n")
