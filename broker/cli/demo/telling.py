"""Tells the story: to people step by step, or as data."""

from typing import Any

from rich.console import Console
from rich.markup import escape

from broker.cli.demo.toneel import Stap
from broker.cli.show import show_besluit_json


class Verteller:
    """Prints each step when it has happened, and keeps it."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(quiet=quiet, highlight=False)
        self._steps: list[Stap] = []
        self._goed = False

    def scene(self, text: str) -> None:
        """Tell what is going on."""
        self._console.print(f"[dim]{escape(text)}[/]")

    def tell(self, stap: Stap) -> None:
        """Tell one step."""
        self._steps.append(stap)
        mark = "[green]zoals verteld[/]" if stap.goed else "[bold red]ANDERS DAN VERTELD[/]"
        self._console.rule()
        self._console.print(f"[bold]{len(self._steps)}. {escape(stap.titel)}[/]")
        self._console.print(f"Verwacht: {escape(stap.verwacht)}")
        for name, seen in stap.gezien.items():
            text = ", ".join(map(str, seen)) if isinstance(seen, list) else str(seen)
            self._console.print(f"{escape(name.capitalize())}: {escape(text)}")
        if stap.besluit:
            show_besluit_json(stap.besluit, self._console)
        self._console.print(mark)

    def told(self, stap: Stap) -> Stap:
        """Tell one step, and hand it on."""
        self.tell(stap)
        return stap

    def end(self, *, goed: bool) -> None:
        """Tell how it ended."""
        self._goed = goed
        right = sum(stap.goed for stap in self._steps)
        self._console.rule()
        self._console.print(f"{right} van {len(self._steps)} stappen gingen zoals verteld.")

    def as_json(self) -> dict[str, Any]:
        """Return the story as data."""
        steps = [
            {
                "titel": stap.titel,
                "verwacht": stap.verwacht,
                "goed": stap.goed,
                "gezien": dict(stap.gezien),
                "besluit": stap.besluit,
            }
            for stap in self._steps
        ]
        return {"goed": self._goed, "stappen": steps}
