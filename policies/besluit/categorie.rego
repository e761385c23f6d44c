# The categories, each apart: known, opened by this basis, in this phase, from this source.

package sluis.besluit

import rego.v1

# METADATA
# description: Each asked category with its outcome and the grounds that fall on it.
categorieen := [deelbesluit(id, weigeringen, wachtend) |
	some id in input.verzoek.categorieen
	weigeringen := array.concat(gronden, categorie_gronden(id))
	wachtend := [code | weigeringen == []; some code in categorie_wachtend(id)]
]

# METADATA
# description: >-
#   The grounds of one category. Of a category that is unknown, excluded or an unneeded nationality
#   nothing else is told; a basis that does not serve the question judges none.
categorie_gronden(id) := [] if {
	"grondslag-verkeerd-spoor" in gronden
	is_string(id)
} else := codes if {
	codes := niet_bewezen(categorie_eerst(id))
	codes != []
} else := codes if {
	codes := niet_bewezen(categorie_daarna(id))
}

# METADATA
# description: The grounds without evidence, as far as this basis puts them.
niet_bewezen(gronden_bewijs) := [code |
	some code, bewijs in gronden_bewijs
	bewijs == []
	not code in basis.niet_getoetst
]

# METADATA
# description: >-
#   What shows that this basis knows the category (BGS 1.9, 2.15). Excluded and unneeded ones are
#   known, so that their refusal is told by its own code.
categorie_eerst(id) := {
	"categorie-onbekend": [1 | id in basis.bekend],
	"categorie-uitgesloten": [1 | not id in basis.uitgesloten],
	"nationaliteit-niet-noodzakelijk": array.concat(
		[1 | not id in basis.onvermijdelijk],
		[1 | basis.opent_nationaliteit; input.verzoek.nationaliteit_onvermijdelijk],
	),
}

# METADATA
# description: What shows that it may be asked here (WGS 2.21, 2.23(6), BGS 2.15, Bpg 4:1-4:5).
categorie_daarna(id) := bewijs if {
	basis.spoor == "samenwerking"
	categorie := basis.categorieen[id]
	verboden := [1 | categorie.fase in verboden_fasen]
	bewijs := {
		"categorie-niet-in-fase": array.concat(
			verboden,
			[1 | categorie.fase in bereikte_fasen],
		),
		"categorie-niet-bij-scan": [1 | verboden == []],
		"categorie-niet-van-bron": array.concat(
			array.concat([1 | deelt_resultaat], [1 | input.bron.deelnemer in categorie.bronnen]),
			[1 | categorie.bronnen == []; not input.bron.deelnemer in categorie.niet_van],
		),
		"seksueel-gedrag-niet-toegestaan": array.concat(
			[1 | categorie.alleen_bij == []],
			[1 | input.verzoek.verschijnsel in categorie.alleen_bij; strafrechtelijk_gevraagd],
		),
	}
}

categorie_daarna(id) := bewijs if {
	basis.spoor == "bilateraal"
	bewijs := {"categorie-niet-van-grondslag": [1 | some o in openingen; o.categorieen[id]]}
}

# METADATA
# description: >-
#   Phases 2 and 3 need a decision of that phase, with its necessity, not after the moment.
#   Without a zaak there is none to read.
bereikte_fasen := array.concat(
	[fase | input.zaak == null; some fase in [1, 2, 3]],
	array.concat([1 | input.zaak.fase >= 1], [b.fase |
		some b in input.zaak.fasebesluiten
		b.fase <= input.zaak.fase
		b.noodzaak != ""
		b.besluit_op <= input.moment
	]),
)

verboden_fasen := [fase |
	some activiteit in activiteiten_hier
	some fase in basis.activiteiten[activiteit].zonder_fasen
]

strafrechtelijk_gevraagd if {
	some id in input.verzoek.categorieen
	basis.categorieen[id].aard in ["politie", "om"]
}

# METADATA
# description: Bilateral - what the basis opens, for a question, to this requester and task.
openingen := [opening |
	basis.spoor == "bilateraal"
	gewone_vraag
	some opening in basis.openingen
	input.bron.deelnemer in opening.bronnen
	opent(opening)
]

opent(opening) if {
	opening.deelnemer == null
	basis.deelnemers[input.vrager.deelnemer]
}

opent(opening) if {
	opening.deelnemer == input.vrager.deelnemer
	opening.taken == null
}

opent(opening) if {
	opening.deelnemer == input.vrager.deelnemer
	input.vrager.taak in opening.taken
}
