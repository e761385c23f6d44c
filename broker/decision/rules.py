"""The rules, and the port of whatever evaluates them.

An engine is not trusted: an error, an undefined answer or an answer of another shape is a failure
to decide, never a grant.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from broker.decision.regelset import Regelfout, Regelset, RegisterError

ENTRYPOINT: Final = "data.sluis.besluit.besluit"
_FOLDER: Final = "policies/besluit"
_PACKAGE: Final = "package sluis.besluit"
_IMPORT: Final = "import rego.v1"
# OPA reads each file apart, so each must say these itself; behind each other they are said once.
_HEADS: Final = tuple(
    re.compile(rf"^{re.escape(h)}[ \t\r]*$", re.MULTILINE) for h in (_PACKAGE, _IMPORT)
)


class PolicyEngine(Protocol):
    """Evaluates the rules on one input."""

    def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the entrypoint of the rules says of these facts; the shape is not trusted.

        Raises:
            DecisionError: The rules gave no answer.
        """


class PolicyServer(Protocol):
    """Evaluates the rules elsewhere, on one input."""

    async def evaluate(self, facts: Mapping[str, Any]) -> object:
        """Return what the entrypoint of the rules says of these facts; the shape is not trusted.

        Raises:
            DecisionError: The server gave no answer of the rules that it was asked for.
        """

    async def check(self) -> None:
        """Return when the server answers, with the rules that it is asked for.

        Raises:
            DecisionError: It does not, or has other rules.
        """


class Rules:
    """The text of the rules: of each file by its name, and as one."""

    def __init__(self, regelset: Regelset) -> None:
        """Read the rules.

        Raises:
            RegisterError: There are none, or a file is no text or lacks its package.
        """
        self.files: dict[str, str] = {}
        fouten: list[Regelfout] = []
        for name, content in regelset.below(_FOLDER).items():
            try:
                self.files[name] = content.decode()
            except UnicodeDecodeError:
                reden = "Dit is geen tekst in UTF-8."
                fouten.append(Regelfout(bestand=name, regel=None, reden=reden))
        fouten += [
            Regelfout(bestand=name, regel=1, reden=f"`{_PACKAGE}` of `{_IMPORT}` ontbreekt.")
            for name, text in self.files.items()
            if not all(head.search(text) for head in _HEADS)
        ]
        if not self.files and not fouten:
            fouten.append(Regelfout(bestand=_FOLDER, regel=None, reden="Er zijn geen regels."))
        if fouten:
            raise RegisterError(fouten)
        self.text = "\n".join((_PACKAGE, _IMPORT, *map(_body, self.files.values())))


def _body(text: str) -> str:
    """Return the rules of a file, each on its own line of it."""
    for head in _HEADS:
        text = head.sub("", text, count=1)
    return text
