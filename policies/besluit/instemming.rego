# Consent: recorded human decisions; what is still missing is asked only where nothing else refuses.

package sluis.besluit

import rego.v1

# METADATA
# description: The ones that count at this moment, from someone else than the person who asks.
instemmingen := [i |
	some i in input.instemmingen
	i.op <= input.moment
	input.moment < i.tot
	is_string(i.door)
	i.door != ""
	is_string(input.vrager.gebruiker.id)
	i.door != input.vrager.gebruiker.id
]

# METADATA
# description: The codes of the consents that this category still waits for.
categorie_wachtend(id) := array.concat(
	[wet.gronden.instemming[soort] | some soort in vereist(id); not ingestemd(soort, id)],
	[keuze.grond | some keuze in te_kiezen(id, input.bron)],
)

# METADATA
# description: >-
#   The choices of consent that this basis asks of this source for this category, and of which it
#   recorded none. Of each choice one kind is enough. A result has no source any more.
te_kiezen(id, bron) := [keuze |
	deelt_resultaat == false
	some keuze in gevraagd(id, bron)
	gegeven := [1 | some soort in keuze.soorten; ingestemd_door(soort, id, bron.organisatie)]
	gegeven == []
]

# METADATA
# description: The choices asked of it; of a source that is no deelnemer in law all of them.
gevraagd(id, bron) := [keuze |
	some keuze in basis.categorieen[id].instemmingen_een_van
	geldt(keuze, bron.deelnemer)
]

geldt(keuze, _) if keuze.bronnen == []

geldt(keuze, deelnemer) if deelnemer in keuze.bronnen

geldt(_, deelnemer) if not basis.deelnemers[deelnemer]

# METADATA
# description: The kinds of consent that this basis asks for this category.
vereist(id) := basis.categorieen[id].instemmingen if basis.spoor == "samenwerking"

vereist(id) := soorten if {
	basis.spoor == "bilateraal"
	soorten := [soort | some opening in openingen; some soort in opening.categorieen[id]]
}

ingestemd(soort, id) if {
	some i in instemmingen
	i.soort == soort
	dekt(i, id)
}

ingestemd_door(soort, id, organisatie) if {
	not organisatie in [null, ""]
	some i in instemmingen
	i.soort == soort
	i.organisatie == organisatie
	dekt(i, id)
}

# METADATA
# description: No categorieen given covers all.
dekt(i, _) if i.categorieen == null

dekt(i, id) if id in i.categorieen

# METADATA
# description: What the categories still wait for, one row for each kind, giver and category.
ontbrekend(delen) := [rij |
	some c in delen
	c.uitkomst == "instemming-vereist"
	some rij in array.concat(
		[{"soort": soort, "organisatie": organisatie, "categorie": c.id} |
			some soort in vereist(c.id)
			wet.gronden.instemming[soort] in c.codes
			some organisatie in gever(object.get(basis.instemming_gever, soort, ""))
		],
		keuzen(c.id, input.bron),
	)
]

# METADATA
# description: A row for each kind of the choices that this source still has.
keuzen(id, bron) := [{"soort": soort, "organisatie": bron.organisatie, "categorie": id} |
	some keuze in te_kiezen(id, bron)
	some soort in keuze.soorten
]

# METADATA
# description: The organisations that can give it; null when the dossier does not tell.
gever(wie) := genoemd(wie) if count(genoemd(wie)) > 0

else := [null]

genoemd(wie) := array.concat(
	[partij.organisatie | some partij in [object.get(input, wie, {})]; wie in ["bron", "vrager"]],
	[d.organisatie | some d in input.zaak.deelnemers; d.deelnemer == wie],
)
