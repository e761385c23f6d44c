"""A typo in the basis of the Zorg- en Veiligheidshuizen opens nothing: it is told with its line."""

from typing import Final

import pytest

from broker.decision.decide import Decider
from broker.decision.regelset import Regelset, RegisterError
from broker.decision.register import default_root

BASIS: Final = "grondslagen/samenwerking/wgs-zvh/2025-03-01.yaml"
SHIPPED: Final = Regelset.from_folder(default_root())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("deelnemers: [rvdk, dji", "deelnemers: [rvdkk, dji"),
        ("activiteiten: [priolijst]", "activiteiten: [prioriteitenlijst]"),
        ("ontvangers: [derde-publiek", "ontvangers: [derde-openbaar"),
        ("doelen: [bestuurlijk,", "doelen: [bestuur,"),
        ("grond: eerst-treffer-bij-ontvanger", "grond: eerst-een-treffer"),
        ("ontvangers: [incidentele-derde]", "ontvangers: [incidentele-partij]"),
        ("soort: geheimhoudingsverklaring", "soort: geheimhouding"),
        ("ander_verband: [ander-riec]", "ander_verband: [riec]"),
        ("bewaarverlenging: bewaarverlenging", "bewaarverlenging: verlenging"),
        ("soorten: [natuurlijk-persoon]", "soorten: [persoon]"),
        ("niet_getoetst: [verschijnsel-niet-aangewezen", "niet_getoetst: [verschijnsel"),
        ("voorbehouden:\n", "voorbehoud:\n"),
    ],
)
def test_a_typo_is_told_with_its_line(right: str, wrong: str) -> None:
    """The rule set is refused, and the fault names the file and the line it stands on."""
    text = SHIPPED.bestanden[BASIS].decode()
    assert right in text
    line = text[: text.index(right)].count("\n") + 1
    broken = text.replace(right, wrong, 1)

    with pytest.raises(RegisterError) as told:
        Decider.load(Regelset(bestanden={**SHIPPED.bestanden, BASIS: broken.encode()}))

    assert line in {fout.regel for fout in told.value.fouten if fout.bestand == BASIS}
