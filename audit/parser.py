"""`argparse` with Dutch words, as its own are English."""

import argparse
import re
import sys
from collections.abc import Mapping
from typing import Final, NoReturn

USAGE: Final = 2
_WORDS: Final = {
    "usage: ": "gebruik: ",
    "\npositional arguments:\n": "\nargumenten:\n",
    "\noptions:\n": "\nopties:\n",
    "show this help message and exit": "toon deze uitleg",
}
_SENTENCES: Final = {
    r"the following arguments are required: (.+)": "Dit ontbreekt: {0}.",
    r"unrecognized arguments: (?:.* )?(--[a-z-]+).*": "De optie {0} is er niet.",
    # Not which: it may be somebody's name.
    r"unrecognized arguments: .*": "Er staat meer achter de opdracht dan zij kent.",
    r"argument (.+): expected (?:one|at least one) argument": "Achter {0} hoort een waarde.",
    r"argument (.+): ignored explicit argument .*": "Achter {0} hoort geen waarde.",
    r"argument (.+): invalid \w+ value: .*": "{0}: Schrijf een geheel getal.",
    r"argument (\S+): (Het .*|Kies .*)": "{0}: {1}",
    r"argument (.+): invalid choice: .*\(choose from (.+)\)": "{0}: Kies een van: {1}.",
    r"ambiguous option: (\S+) could match (.+)": "De optie {0} is niet volledig. Bedoelt u {1}?",
}


class Parser(argparse.ArgumentParser):
    """Reads a command line; what is typed wrong is one sentence, with exit code 2."""

    # `typing.override` came with Python 3.12.
    def error(self, message: str) -> NoReturn:  # type: ignore[explicit-override]
        """Tell what is wrong, and end."""
        sys.stderr.write(f"{in_dutch(message, _SENTENCES)}\n{self.format_usage()}")
        sys.exit(USAGE)

    def format_usage(self) -> str:  # type: ignore[explicit-override]
        """Return how the command is used."""
        return _with_words(super().format_usage())

    def format_help(self) -> str:  # type: ignore[explicit-override]
        """Return all that the command takes."""
        return _with_words(super().format_help())


def _with_words(text: str) -> str:
    for english, dutch in _WORDS.items():
        text = text.replace(english, dutch)
    return text


def in_dutch(message: str, sentences: Mapping[str, str]) -> str:
    """Return the sentence whose pattern fits the whole message; the message when none does."""
    for pattern, sentence in sentences.items():
        if match := re.fullmatch(pattern, message, re.DOTALL):
            return sentence.format(*(group.replace("'", "") for group in match.groups()))
    return message
