"""What may not be in the repository: our own machines, registries, loose dependencies."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bootstrap.lock")
PIN = re.compile(r"^[a-z0-9][a-z0-9.-]*==\S+( ;[^\\]*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
HOME = re.compile(r"(?<![\w.])/(home|Users|root|work)/\w")
# Written apart, so that this file itself names none.
REGISTRIES = ("pypi", "org"), ("files.pythonhosted", "org"), ("registry.npmjs", "org")
REGISTRY = re.compile("|".join(re.escape(".".join(parts)) for parts in REGISTRIES))


def tracked() -> list[Path]:
    """Return every text file that git knows."""
    try:
        names = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("geen git-checkout: de lijst met bestanden is er niet")
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def offending(pattern: re.Pattern[str]) -> list[str]:
    """Return the places where the pattern stands, as `file:line`."""
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}"
            for hit in pattern.finditer(text)
        ]
    return found


def test_no_path_of_one_machine() -> None:
    """No tracked file names a folder of one person's machine."""
    assert offending(HOME) == []


def test_no_registry_address() -> None:
    """No tracked file names the address of a package registry."""
    assert offending(REGISTRY) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_versions_and_hashes_only(lock: str) -> None:
    """A lock file holds exact versions, each with its hashes, and nothing else."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()

    strange = [line for line in lines if not PIN.match(line) and not HASH.match(line)]
    unhashed = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if PIN.match(line) and not HASH.match(after)
    ]

    assert strange == []
    assert unhashed == []


def test_runtime_lock_is_part_of_dev_lock() -> None:
    """The tests run on exactly the versions that users run."""
    runtime, dev = (
        {line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if "==" in line}
        for lock in LOCKS[:2]
    )

    assert runtime - dev == set()
