"""Published vectors of others, as they lie in `vectoren/`; where they come from stands there."""

import json
from pathlib import Path
from typing import Any

import yaml

VECTOREN = Path(__file__).parent / "vectoren"


def load(name: str) -> Any:  # noqa: ANN401 - each file has a form of its own
    """Load a file of vectors."""
    text = (VECTOREN / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
