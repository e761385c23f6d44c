"""The published JSON Schema of the dossier, made from the dossier itself."""

from typing import Any, Final

from broker.domain.dossier import Dossier

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final = "https://sluis.example.nl/dossier.schema.json"


def dossier_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a dossier, as `docs/dossier.schema.json` holds it.

    A schema cannot tell all: that a moment has an offset, and what fits the door, is judged by
    `broker.domain.invoer.parse`.
    """
    return {"$schema": _DIALECT, "$id": _ID, **Dossier.model_json_schema()}
