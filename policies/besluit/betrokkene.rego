# The subject: within the scope of the zaak, close enough to the signal, with open research.

package sluis.besluit

import rego.v1

# METADATA
# description: Evidence of the subject. The direct circle is in scope through its subject.
betrokkene := bewijs if {
	wie := input.betrokkene
	grens := object.get(input, ["zaak", "reikwijdte"], {})
	kring := [1 | wie.relatie == "directe-kring"]
	open := input.betrokkene.onderzoek

	# Research is asked for a handhavingsknelpunt only.
	onderzocht := [a | some a in activiteiten_hier; basis.activiteiten[a].onderzoek]
	vrij := [1 | onderzocht == []]
	bewijs := {
		"reikwijdte-onbekend": [1 |
			is_array(grens.gebieden)
			is_array(grens.branches)
			is_array(grens.signalen)
		],
		"buiten-gebied": array.concat(kring, binnen_gebied(wie, grens)),
		"buiten-branche": array.concat(kring, binnen_branche(wie, grens)),
		"geen-band-met-signaal": array.concat(kring, met_signaal(wie, grens)),
		"relatie-te-ver": [1 |
			some past in basis.passende_relatie
			[past.relatie, past.afstand] == [wie.relatie, wie.afstand]
			wie.soort in past.soorten
		],
		"onderzoek-onbekend": array.concat(
			vrij,
			[1 | open.geopend_op != null; input.zaak.onderzoekstermijn != null],
		),
		"onderzoek-beeindigd": array.concat(
			vrij,
			[1 | input.moment < open.beeindigd_op; input.moment < open.einde],
		),
	}
}

# METADATA
# description: >-
#   Some gebied matches with a fitting band. A limit that is left empty does not limit; for one
#   that is absent `reikwijdte-onbekend` is told.
binnen_gebied(wie, grens) := array.concat(
	[1 | grens.gebieden in [[], null]],
	[gebied |
		some band in wie.band
		[wie.soort, band] in basis.passende_band
		some gebied in wie.gebieden
		some limiet in grens.gebieden
		ligt_in(gebied, limiet)
	],
)

binnen_branche(wie, grens) := array.concat(
	[1 | grens.branches in [[], null]],
	[branche |
		some branche in wie.branches
		some limiet in grens.branches
		limiet != ""
		startswith(branche, limiet)
	],
)

met_signaal(wie, grens) := array.concat(
	[1 | grens.signalen in [[], null]],
	[signaal | some signaal in wie.signalen; signaal in grens.signalen],
)

# METADATA
# description: >-
#   A buurt (BU and 8 characters) lies in its wijk (WK and 6), a wijk in its gemeente (GM and 4),
#   not the other way round.
ligt_in(gebied, grens) if gebied == grens

ligt_in(gebied, grens) if {
	startswith(grens, "WK")
	count(grens) == 8
	startswith(gebied, "BU")
	count(gebied) == 10
	substring(gebied, 2, 6) == substring(grens, 2, 6)
}

ligt_in(gebied, grens) if {
	startswith(grens, "GM")
	count(grens) == 6
	[substring(gebied, 0, 2), count(gebied)] in [["WK", 8], ["BU", 10]]
	substring(gebied, 2, 4) == substring(grens, 2, 4)
}
