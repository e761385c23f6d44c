"""What all tests share: the published vectors, and the rule that CI skips nothing."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]
IN_CI = os.environ.get("CI") == "true"

# A shell that puts a job in the background ignores Ctrl-C for all that it starts, so a program
# that a test stops that way would never end. With a handler here, its children get the default.
signal.signal(signal.SIGINT, signal.default_int_handler)

# In CI the same examples each time: a red build must be a change of ours.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("ci" if IN_CI else "local")


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure, so that CI cannot be green by testing less."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"In CI wordt niets overgeslagen: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Apply the CI rule to a test that skips."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Apply the CI rule to a module that skips."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder with the published vectors, or skip where it is absent."""
    folder = Path(os.environ.get("SLUIS_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("de map met testvectoren (../shared) is er niet")
    return folder
