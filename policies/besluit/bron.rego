# The source: a deelnemer in law, named for this zaak; outside the vaste kern first hit/no-hit.

package sluis.besluit

import rego.v1

# METADATA
# description: Evidence of the source (WGS 2.19, 2.23(5)). The sharing of a result has none.
bron := bewijs if {
	wie := input.bron
	geen := [1 | deelt_resultaat]
	rollen_hier := rollen(wie)
	bewijs := {
		"bron-geen-deelnemer": array.concat(geen, [1 | basis.deelnemers[wie.deelnemer]]),
		"bron-niet-betrokken": array.concat(geen, rollen_hier),
		"alleen-treffer-voor-overige-bron": array.concat(
			geen,
			[1 | some kan in rechtstreeks(wie, rollen_hier); kan != []],
		),
	}
}

# METADATA
# description: Of the vaste kern, a hit/no-hit, or it had a hit and joined for this subject.
rechtstreeks(wie, rollen_hier) := [
	[1 | "kern" in rollen_hier],
	[1 | input.verzoek.soort == "treffer-geen-treffer"],
	[1 |
		not wie.organisatie in [null, ""]
		some i in instemmingen
		i.soort == "leverancier"
		i.organisatie == wie.organisatie
	],
]
