"""The words of the command line: those of typer are English, and our users work in Dutch."""

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.exceptions import TyperException
from typing_extensions import override

from audit.parser import in_dutch

if TYPE_CHECKING:
    _Command = TyperCommand
else:
    _Command = object

ABORTED: Final = 1
_OPTIONS: Final = "[OPTIES]"
_COMMAND: Final = "OPDRACHT [ARGUMENTEN]..."
_PANELS: Final = {
    "ARGUMENTS_PANEL_TITLE": "Argumenten",
    "OPTIONS_PANEL_TITLE": "Opties",
    "COMMANDS_PANEL_TITLE": "Opdrachten",
    "DEFAULT_STRING": "[anders: {}]",
    "REQUIRED_LONG_STRING": "[verplicht]",
}
_SENTENCES: Final = {
    r"No such option: (.+)": "De optie {0} is er niet.",
    r"Option '(.+)' requires an argument\.": "Achter {0} hoort een waarde.",
    r"Option '(.+)' does not take a value\.": "Achter {0} hoort geen waarde.",
    r"No such command '([a-z-]+)'\. Did you mean (.+)\?": (
        "De opdracht {0} is er niet. Bedoelt u {1}?"
    ),
    r"No such command '([a-z-]+)'\.": "De opdracht {0} is er niet.",
    r"Missing command\.": "Noem een opdracht.",
    # Not which: it may be somebody's number or name.
    r"No such command '.*": "Deze opdracht is er niet.",
    r"Got unexpected extra argument\(s\).*": "Er staat meer achter de opdracht dan zij kent.",
    r"Input should be a valid integer.*": "Schrijf een geheel getal.",
    r"Input should be greater than or equal to (.+)": "Het getal is ten minste {0}.",
    r"Input should be less than or equal to (.+)": "Het getal is hoogstens {0}.",
}


def speak_dutch(app: typer.Typer) -> None:
    """Let the commands of an app, and of all apps in it, speak Dutch."""
    for group in (app.info, app.registered_callback, *app.registered_groups):
        if group is not None:
            group.cls = Groep
            group.options_metavar, group.subcommand_metavar = _OPTIONS, _COMMAND
    for command in app.registered_commands:
        command.cls, command.options_metavar = Opdracht, _OPTIONS
    for group in app.registered_groups:
        if group.typer_instance is not None:
            speak_dutch(group.typer_instance)


def confirmed(question: str) -> bool:
    """Ask for ja or nee; anything else than ja is nee."""
    answer: str = typer.prompt(f"{question} [ja/nee]", default="nee", show_default=False)
    return answer.strip().lower() in {"j", "ja"}


class _Dutch(_Command):
    @override
    def get_help_option(self, ctx: Any) -> TyperOption | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Toon deze uitleg."
        return option

    @override
    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix="Gebruik: ")

    @override
    def format_help(self, ctx: Any, formatter: Any) -> None:
        # Here and not above: what rich needs takes a tenth of a second, only for a help text.
        from typer import rich_utils

        for name, text in _PANELS.items():
            setattr(rich_utils, name, text)
        super().format_help(ctx, formatter)


class Opdracht(_Dutch, TyperCommand):
    """One command."""


class Groep(_Dutch, TyperGroup):
    """Commands under one name."""

    @override
    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; what was typed wrong is one sentence on standard error."""
        named = extra | {"windows_expand_args": windows_expand_args}
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **named)
        if not standalone_mode:
            return run()
        try:
            code = run()
        except typer.Abort:
            _end("Gestopt.\n", ABORTED)
        except TyperException as error:
            _end(_told(error), error.exit_code)
        sys.exit(code)


def _end(text: str, code: int) -> NoReturn:
    sys.stderr.write(text)
    sys.exit(code)


def _told(error: Any) -> str:  # noqa: ANN401 - its members differ by its class
    sentence, context = _sentence(error), getattr(error, "ctx", None)
    if not sentence:  # who typed no command at all has seen the help text
        return ""
    if context is None:
        return f"{sentence}\n"
    return f"{sentence}\n{context.get_usage()}\nMeer uitleg: {context.command_path} --help\n"


def _sentence(error: Any) -> str:  # noqa: ANN401 - as above
    text, param = in_dutch(error.message, _SENTENCES), getattr(error, "param", None)
    if others := getattr(error, "possibilities", None):
        return f"{text} Bedoelt u {' of '.join(sorted(others))}?"
    hint = getattr(error, "param_hint", None) or (param and param.get_error_hint())
    if not hint:
        return text
    name = hint.replace("'", "")
    return f"{name}: {text}" if text else f"{name} ontbreekt."
