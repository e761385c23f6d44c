"""The environment of every decision, as its record tells it: code, engine, and what is below."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]
_DECIDES: Final = ("domain", "decision")
"""The packages that a verdict comes from; in `decision` also what makes an engine of the rules."""
_CODE: Final = frozenset({".py", ".rego"})
_LIBRARIES: Final = ("opa-python-client", "orjson", "pydantic", "pyyaml", "tzdata")
"""What a decision runs through beside our own code and Python."""


def code_digest(package: Path = _PACKAGE) -> str:
    """Return the digest of the code that decides: equal code in another place has the same.

    A version number says less: every commit between two releases has the same one.
    """
    found = {
        path.relative_to(package).as_posix(): path
        for name in _DECIDES
        for path in (package / name).rglob("*")
        if path.suffix in _CODE
    }
    total = hashlib.sha256()
    for name in sorted(found):
        content = found[name].read_bytes()
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return f"sha256:{total.hexdigest()}"


def environment(*, software: str, opa: str | None) -> dict[str, str]:
    """Return what every decision of this process runs on.

    Args:
        software: The version of Sluis.
        opa: The version of the OPA server that decides; None: the engine in this process does.
    """
    engine = {"engine": "ingebouwd"} if opa is None else {"engine": "opa", "opa": opa}
    return {
        **engine,
        "sluis": software,
        "code": code_digest(),
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
    }
