"""Read a dossier from text or plain data; every error at once, with a pointer, in Dutch."""

import json
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override
from yaml.composer import Composer
from yaml.cyaml import CSafeLoader

from broker.domain.dossier import Dossier
from broker.errors import Fout, InvalidInputError

MAX_BYTES: Final = 4 * 1024 * 1024

_ONBEKEND: Final = "Dit onderdeel bestaat niet. Kijk of de naam goed is gespeld."
# What pydantic found, in words for the people who fill in a dossier.
_MELDINGEN: Final[Mapping[str, str]] = {
    "missing": "Dit onderdeel is verplicht en ontbreekt.",
    "extra_forbidden": _ONBEKEND,
    "unexpected_keyword_argument": _ONBEKEND,
    "invalid_key": "De naam van een onderdeel is tekst.",
    "string_type": "Hier hoort tekst te staan.",
    "string_unicode": "Hier staat een teken dat niet mag.",
    "int_type": "Hier hoort een geheel getal te staan.",
    "int_from_float": "Hier hoort een geheel getal te staan.",
    "bool_type": "Hier hoort true of false te staan.",
    "list_type": "Hier hoort een lijst te staan.",
    "model_type": "Hier hoort een onderdeel met eigen velden te staan.",
    "model_attributes_type": "Hier hoort een onderdeel met eigen velden te staan.",
    "too_short": "Deze lijst mag niet leeg zijn.",
    "too_long": "Deze lijst is te lang: hoogstens {max_length}.",
    "string_too_short": "Deze tekst is te kort: ten minste {min_length} tekens.",
    "string_too_long": "Deze tekst is te lang: hoogstens {max_length} tekens.",
    "geen_datum": "Dit is geen datum. Schrijf een datum als 2026-11-20.",
    "geen_moment": "Dit is geen moment met tijdzone. Schrijf het als 2026-11-20T10:00:00+01:00.",
    "geen_tijdstip": "Dit is geen datum en geen moment met tijdzone. Schrijf 2026-11-20.",
    "geen_duur": "Dit is geen duur. Schrijf een jaar als P1Y en zes maanden als P6M.",
    "alleen_deur_2": "Een resultaat delen wordt alleen bij deur 'verstrekking' beslist.",
    "te_veel_samen": "Dit zijn te veel gegevens bij zo veel instemmingen of deelnemers. "
    "Verdeel ze over meer dossiers.",
    "gegevens_bij_deur_1": "Gegevens horen alleen bij deur 'verstrekking'.",
}
# These sentences name the limit.
_WITH_LIMIT: Final = frozenset({"too_long", "string_too_short", "string_too_long"})


def parse(data: object) -> Dossier:
    """Return the dossier that this plain data holds.

    Raises:
        InvalidInputError: With one `Fout` for each thing that is wrong.
    """
    try:
        return Dossier.model_validate(data)
    except ValidationError as error:
        raise InvalidInputError("Het dossier is niet goed ingevuld.", meldingen(error)) from None


def parse_json(text: str | bytes) -> Dossier:
    """Return the dossier in this JSON text; a member that stands twice is an error.

    Raises:
        InvalidInputError: The text is no JSON, or no dossier.
    """
    return parse(load_json(text))


def load_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """Return the data in this JSON text (RFC 8259), refusing doubles, NaN and too much.

    Raises:
        InvalidInputError: With the line and column of what cannot be read.
    """
    source = _utf8(text)
    try:
        data = json.loads(source, object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"regel {error.lineno}, kolom {error.colno}"
        raise _unreadable(f"Dit is geen geldige JSON ({where}).") from None
    except RecursionError:
        raise _unreadable("Dit is te diep genest.") from None
    except ValueError:
        raise _unreadable("Er staat een getal in dat te groot is.") from None
    return _whole(data, source)


def load_yaml(text: str | bytes, *, references: bool = False) -> Any:  # noqa: ANN401 - any YAML
    """Return the data in this YAML text, in which a date stays the text that it is.

    Args:
        text: The YAML, in UTF-8.
        references: Take anchors, aliases and merge keys, as our own files have them. What they
            stand for may be no larger than a file may be.

    Raises:
        InvalidInputError: With the line and column of what cannot be read.
    """
    source = _utf8(text)
    try:
        # Both are a SafeLoader, see below.
        data = yaml.load(source, Loader=_Loader if references else _PlainLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (regel {mark.line + 1}, kolom {mark.column + 1})" if mark else ""
        raise _unreadable(f"Dit is geen geldige YAML{where}.") from None
    except RecursionError:
        raise _unreadable("Dit is te diep genest.") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError):
        # The last three: PyYAML on a tag that does not fit, such as `!!bool x`.
        raise _unreadable("Dit is geen geldige YAML.") from None
    return _whole(data, source)


def meldingen(error: ValidationError) -> list[Fout]:
    """Return what pydantic found as pointers and Dutch sentences, in the order of the input."""
    return [
        Fout(pointer=_pointer(found), melding=_melding(found))
        for found in error.errors(include_url=False, include_input=False)
    ]


def _pointer(found: ErrorDetails) -> str:
    context = found.get("ctx", {})
    if "pointer" in context:
        return str(context["pointer"])
    return as_pointer(*found["loc"])


def as_pointer(*parts: str | int) -> str:
    """Return the JSON Pointer to what these names and places lead to (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _melding(found: ErrorDetails) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind in {"literal_error", "enum"}:
        choice = context["expected"].replace(" or ", " of ")
        return f"Deze waarde mag hier niet. Kies uit: {choice}."
    if kind == "greater_than_equal":
        return f"Dit getal moet {context['ge']} of meer zijn."
    if kind == "less_than":
        return "Dit getal is te groot."
    if kind == "less_than_equal":
        return f"Dit getal moet {context['le']} of minder zijn."
    melding = _MELDINGEN.get(kind, "Deze waarde klopt niet.")
    return melding.format_map(context) if kind in _WITH_LIMIT else melding


def _utf8(text: str | bytes) -> str:
    """Return the text, which is UTF-8 (RFC 8259, 8.1), with or without a byte order mark."""
    if len(text) > MAX_BYTES:
        raise _unreadable("Dit dossier is te groot.")
    try:
        return text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise _unreadable("Dit is geen tekst in UTF-8.") from None


def _whole(data: object, source: str) -> object:
    """Refuse half a character, which only an escape can write: nobody can store or send it."""
    if "\\" in source:
        try:
            json.dumps(data, ensure_ascii=False, skipkeys=True, default=str).encode()
        except (ValueError, RecursionError):
            raise _unreadable("Hier staat een teken dat niet mag.") from None
    return data


def _unreadable(melding: str) -> InvalidInputError:
    return InvalidInputError(melding, [Fout(pointer="", melding=melding)])


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _double(name for name, _ in pairs)
    return found


def _double(names: Iterable[str]) -> InvalidInputError:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            break
        seen.add(name)
    # Half a character can be no part of an answer.
    shown = name[:80].encode(errors="replace").decode()
    return _unreadable(f"Het onderdeel '{shown}' staat er twee keer in.")


def _no_constant(text: str) -> float:
    raise _unreadable(f"De waarde {text} mag niet in JSON.")


class _Loader(Composer, CSafeLoader):
    """A safe loader that keeps dates as text and refuses a key that stands twice.

    With references a few lines can stand for more than a machine can hold, or for themselves.
    libyaml reads the characters; what they form is put together here, for the composer of
    CSafeLoader itself ends the process when a file is nested deep enough.
    """

    def __init__(self, stream: str) -> None:
        CSafeLoader.__init__(self, stream)
        Composer.__init__(self)

    @override
    def get_single_node(self) -> yaml.Node | None:
        """Take the whole; it is weighed before anything is built of it."""
        node = super().get_single_node()
        if node is not None and _weight(node, {}) > MAX_BYTES:
            raise _unreadable("Wat hier met verwijzingen (&, * en <<) staat, is te groot.")
        return node

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping; a double key would silently hide a fact."""
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if not all(isinstance(key, str) for key in keys):
            raise _unreadable("De naam van een onderdeel is tekst.")
        if len(set(keys)) != len(keys):
            raise _double(keys)
        return super().construct_mapping(node, deep=deep)


class _PlainLoader(_Loader):
    """A loader in which every part stands once: no anchor, no alias, no merge key."""

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Take the next part; a reference is refused before anything is built of it."""
        event: Any = self.peek_event()
        if getattr(event, "anchor", None) is not None:
            raise _reference(event.start_mark)
        return super().compose_node(parent, index)

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, of which `<<` is no member."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise _reference(key.start_mark)
        return super().construct_mapping(node, deep=deep)


def _weight(node: yaml.Node, known: dict[int, float]) -> float:
    """Return how many characters a part is when every reference in it is written out."""
    if id(node) not in known:
        known[id(node)] = math.inf  # what holds itself has no end
        if isinstance(node, yaml.ScalarNode):
            inside = float(len(node.value))
        elif isinstance(node, yaml.MappingNode):
            inside = sum(_weight(part, known) for pair in node.value for part in pair)
        else:
            inside = sum(_weight(part, known) for part in node.value)
        known[id(node)] = 1 + inside
    return known[id(node)]


def _reference(mark: yaml.Mark) -> InvalidInputError:
    where = f"regel {mark.line + 1}, kolom {mark.column + 1}"
    return _unreadable(f"Verwijzingen (&, * en <<) mogen niet in dit bestand ({where}).")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in CSafeLoader.yaml_implicit_resolvers.items()
}
