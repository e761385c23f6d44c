# METADATA
# title: Besluit
# description: >-
#   Decides one dossier. Each ground has its evidence - a list of what shows that it is met.
#   No evidence and it falls. What is absent or of another type shows nothing, so it refuses.
#   Moments are instants in microseconds; an unknown one is so far away that it never helps.
# related_resources:
#   - ref: https://wetten.overheid.nl/BWBR0049962
#     description: Wet gegevensverwerking door samenwerkingsverbanden
package sluis.besluit

import rego.v1

# METADATA
# description: The one answer. Undefined, so no verdict, when a ground was not looked at.
# entrypoint: true
besluit := {
	"uitkomst": uitkomst(uitkomsten),
	"gronden": gronden,
	"categorieen": categorieen,
	"gegevens": gegevens,
	"voorwaarden": voorwaarden,
	"instemmingen": array.concat(ontbrekend(categorieen), ontbrekend_voor_resultaat(gegevens)),
	"bewaren": bewaren,
} if {
	count(bekeken) == count(wet.gronden.vraag)
	delen := {"verzoek": categorieen, "verstrekking": gegevens}
	uitkomsten := [d.uitkomst | some d in delen[input.deur]]
}

# METADATA
# description: The obligations that come with what passes (WGS 1.7(4), 1.8(7), 1.11, Wpg 7(2)).
voorwaarden := array.concat(
	["geheimhouding" | iets_toegewezen],
	array.concat(
		["terugkoppeling" | iets_toegewezen; deelt_resultaat],
		array.concat(
			["bewaren-tot" | iets_toegewezen; input.deur == "verstrekking"],
			["geen-doorverstrekking" | iets_toegewezen],
		),
	),
)

iets_toegewezen if {
	some deel in {"verzoek": categorieen, "verstrekking": gegevens}[input.deur]
	deel.uitkomst == "toegewezen"
}

# METADATA
# description: The law of the period that the moment lies in. Here alone the data come in.
wet := data.standen[input.stand] if is_string(input.stand)

# METADATA
# description: >-
#   The basis claimed, with all that holds for it; one that nobody registered is judged by the list
#   of another, and refused.
basis := object.get(wet.grondslagen, input.grondslag, wet.onbekende_grondslag)

# METADATA
# description: Grounds on the whole question that fall and are told.
gronden := [code | some code in gevallen; verteld(wet.gronden.vraag[code])]

# METADATA
# description: Each ground with whether its evidence is there.
bekeken := [[code, bewijs != []] |
	some toetsen in [vraag, zaak, vrager, bron, betrokkene]
	some code, bewijs in toetsen
]

gevallen := [code |
	some [code, getoond] in bekeken
	getoond == false
	basis.spoor in wet.gronden.vraag[code].spoor
	not code in basis.niet_getoetst
]

# METADATA
# description: Not told beside a ground that goes before it, nor where there is no zaak to read.
verteld(grond) if {
	every eerder in grond.na {
		not eerder in gevallen
	}
	true in [grond.leest_zaak == false, is_object(input.zaak)]
}

# METADATA
# description: >-
#   The one outcome that all parts share, else `deels`. Without items door 2 grants, unless a
#   ground falls.
uitkomst(delen) := delen[0] if {
	count({deel | some deel in delen}) == 1
} else := "deels" if {
	count(delen) > 1
} else := "toegewezen" if {
	input.deur == "verstrekking"
	gronden == []
} else := "geweigerd"

# METADATA
# description: >-
#   The outcome of one category or item - refused by what no consent can mend, else waiting for
#   consent, else granted. A consent is asked only for what nothing else refuses.
deelbesluit(id, weigeringen, wachtend) := {
	"id": id,
	"uitkomst": oordeel[0],
	"codes": array.concat(weigeringen, wachtend),
} if {
	geweigerd := ["geweigerd" | weigeringen != []]
	vereist := ["instemming-vereist" | wachtend != []]
	toegewezen := ["toegewezen" | weigeringen == []; wachtend == []]
	oordeel := array.concat(geweigerd, array.concat(vereist, toegewezen))
}
