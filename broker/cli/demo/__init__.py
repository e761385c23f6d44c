"""`sluis demo`: play the story on this machine, and tell whether every step went as told."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from broker.cli.demo.telling import Verteller

FAILED = 1


def demo(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Geef het verhaal als JSON.")] = False,
) -> None:
    """Speel het verhaal: vragen, weigeringen, instemmingen, het logboek en de controle."""
    from broker.cli.demo.telling import Verteller
    from broker.cli.options import plainly

    with plainly(), tempfile.TemporaryDirectory(prefix="sluis-demo-") as folder:
        verteller = Verteller(quiet=as_json)
        goed = _play(Path(folder), verteller)
        if as_json:
            sys.stdout.write(json.dumps(verteller.as_json(), ensure_ascii=False, indent=2) + "\n")
    if not goed:
        raise typer.Exit(FAILED)


def _play(folder: Path, verteller: "Verteller") -> bool:
    from adapters.simulatoren import Storing, start
    from broker.cli.demo import ending, stage, story, toneel
    from broker.cli.options import settings_from
    from broker.decision.register import default_root
    from broker.seeds import read_zaken

    settings = settings_from(folder, **stage.DEMO_DAY)
    verteller.scene("De partners en de broker starten, elk in een eigen proces op dit apparaat")
    with start(storingen={"uwv": Storing.WEG}) as addresses:
        tokens = asyncio.run(stage.load_once(settings, addresses))
        with stage.broker(folder) as base_url:
            scene = toneel.Toneel(base_url, tokens)
            verteller.scene(
                f"De broker antwoordt op {base_url}, {len(addresses)} partners doen mee"
            )
            goed = story.play(scene, read_zaken(default_root()), verteller.tell)
            scene.close()
    goed_na = [stap.goed for stap in map(verteller.told, ending.play(settings))]
    verteller.end(goed=goed and all(goed_na))
    return goed and all(goed_na)
