# The sharing of a result: no objection of whoever supplied it; to a third party of nobody in the
# zaak, and tested by the rechtmatigheidsadviescommissie. An unknown recipient is a third party.

package sluis.besluit

import rego.v1

# METADATA
# description: The codes of the consents that this item of a result still waits for (WGS 1.7, 2.20).
resultaat_wachtend(item) := array.concat(
	[code | some code, bewijs in resultaat_bewijs(item); bewijs == []],
	[verklaring.grond | some verklaring in te_verklaren(item)],
)

resultaat_bewijs(item) := {
	"leverancier-instemming-ontbreekt": [1 | leverancier_akkoord(item)],
	"bezwaar-deelnemer": [1 | bezwaar_open(item) == []],
	"rac-toets-ontbreekt": [1 | getoetst(item.categorie)],
}

# Asked for data on crime and of a special kind that leave the samenwerkingsverband, and for all
# data that go to another one (WGS 1.7(3), 1.7(8)).
leverancier_akkoord(item) if {
	basis.categorieen[item.categorie].aard == null
	not input.ontvanger.soort in basis.resultaat.ander_verband
}

leverancier_akkoord(_) if input.ontvanger.soort in basis.resultaat.eigen

leverancier_akkoord(item) if ingestemd_door("leverancier", item.categorie, item.herkomst)

getoetst(_) if naar_derde == false

getoetst(categorie) if ingestemd("rechtmatigheidsadviescommissie", categorie)

# METADATA
# description: Those whose objection would stop this item, and who did not say they have none.
bezwaar_open(item) := [organisatie |
	some organisatie in array.concat([item.herkomst], medebeslissers)
	not ingestemd_door("geen-bezwaar", item.categorie, organisatie)
]

# METADATA
# description: To a third party every deelnemer of the zaak is heard.
medebeslissers := [d.organisatie | naar_derde; some d in input.zaak.deelnemers]

default naar_derde := true

naar_derde := false if input.ontvanger.soort in basis.resultaat.verband

# METADATA
# description: >-
#   What such a recipient itself must still declare for this item (WGS 2.28, BGS 2.21). One of an
#   unknown kind may be any, and declares all.
te_verklaren(item) := [verklaring |
	some verklaring in basis.resultaat.verklaringen
	input.ontvanger.soort in array.concat(verklaring.ontvangers, [null])
	not item.categorie in verklaring.behalve
	verklaard := [1 |
		some i in instemmingen
		i.soort == verklaring.soort
		i.organisatie == input.ontvanger.organisatie
		is_string(i.organisatie)
		benoemt(i, item.categorie, verklaring.benoemd)
	]
	verklaard == []
]

benoemt(i, categorie, benoemd) if {
	benoemd == false
	dekt(i, categorie)
}

benoemt(i, categorie, _) if categorie in i.categorieen

# METADATA
# description: What the items of a result still wait for, and from whom.
ontbrekend_voor_resultaat(delen) := [rij |
	some n, g in delen
	g.uitkomst == "instemming-vereist"
	item := input.gegevens[n]
	some rij in array.concat(
		[{"soort": soort, "organisatie": organisatie, "categorie": item.categorie} |
			some soort, code in wet.gronden.instemming_resultaat
			code in g.codes
			some organisatie in resultaat_gevers(soort, item)
		],
		array.concat(keuzen(item.categorie, afkomst(item)), verklaringen(item)),
	)
]

verklaringen(item) := [rij |
	gewone_vraag == false
	some verklaring in te_verklaren(item)
	rij := {
		"soort": verklaring.soort,
		"organisatie": input.ontvanger.organisatie,
		"categorie": item.categorie,
	}
]

resultaat_gevers(soort, item) := [item.herkomst] if soort == "leverancier"

resultaat_gevers(soort, item) := bezwaar_open(item) if soort == "geen-bezwaar"

resultaat_gevers(soort, _) := [null] if soort == "rechtmatigheidsadviescommissie"
