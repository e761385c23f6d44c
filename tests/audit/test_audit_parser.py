"""What is typed wrong to the tool of the auditor is told in Dutch."""

import re

import pytest

from audit.__main__ import main

WRONG = {
    "": "Dit ontbreekt: OPDRACHT.",
    "controleer": "OPDRACHT: Kies een van: verify, receipt, witness, bundel.",
    "verify": "Dit ontbreekt: MAP, --key.",
    "verify map --key": "Achter --key hoort een waarde.",
    "verify map --key k --processen veel": "--processen: Schrijf een geheel getal.",
    "verify map --key k --processen 0": "--processen: Het getal is ten minste 1.",
    "verify map --key k --foo=Peters": "De optie --foo is er niet.",
    "verify map --key k P. Peters": "Er staat meer achter de opdracht dan zij kent.",
    "verify map --k k": "De optie --k is niet volledig. Bedoelt u --key, --kluis?",
    "witness map --logboeken l --mldsa=ja": "Achter --mldsa hoort geen waarde.",
    "bundel verify map --bereik veel": "--bereik: Kies een van: alles, onderwerp, organisatie.",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_told(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The first line tells what is wrong, and then comes how it is used."""
    with pytest.raises(SystemExit) as end:
        main(words.split())

    told = capsys.readouterr()
    assert (end.value.code, told.out) == (2, "")
    first, second, *_ = told.err.splitlines()
    assert first == WRONG[words]
    assert second.startswith("gebruik: python -m audit")
    assert "Peters" not in told.err


@pytest.mark.parametrize("words", [[], ["verify"], ["bundel", "verify"], ["witness"]])
def test_help_is_dutch(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A help text has Dutch headings."""
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])

    told = capsys.readouterr().out
    assert end.value.code == 0
    assert "toon deze uitleg" in told
    assert not re.search("usage|options|arguments|show", told)


def test_name_of_the_command_is_what_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    """Under `sluis audit` it is called that."""
    with pytest.raises(SystemExit):
        main(["verify"], "sluis audit")

    assert "gebruik: sluis audit verify" in capsys.readouterr().err
