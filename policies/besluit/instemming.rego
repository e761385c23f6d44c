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
	[keuze.grond | some keuze in te_kiezen(id)],
)

# METADATA
# description: >-
#   The choices of consent that this basis asks of this source for this category, and of which none
#   is given. Of each choice one kind is enough.
te_kiezen(id) := [keuze |
	some keuze in basis.categorieen[id].instemmingen_een_van
	vraagt(keuze)
	gegeven := [1 | some soort in keuze.soorten; ingestemd(soort, id)]
	gegeven == []
]

vraagt(keuze) if keuze.bronnen == []

vraagt(keuze) if input.bron.deelnemer in keuze.bronnen

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
# description: >-
#   What the categories still wait for, one row for each kind, giver and category; of a choice each
#   kind.
ontbrekend(delen) := [rij |
	some c in delen
	c.uitkomst == "instemming-vereist"
	some soort in array.concat(
		[soort | some soort in vereist(c.id); wet.gronden.instemming[soort] in c.codes],
		[soort | some keuze in te_kiezen(c.id); some soort in keuze.soorten],
	)
	some organisatie in gever(object.get(basis.instemming_gever, soort, ""))
	rij := {"soort": soort, "organisatie": organisatie, "categorie": c.id}
]

# METADATA
# description: The organisations that can give it; null when the dossier does not tell.
gever(wie) := genoemd(wie) if count(genoemd(wie)) > 0

else := [null]

genoemd(wie) := array.concat(
	[partij.organisatie | some partij in [object.get(input, wie, {})]; wie in ["bron", "vrager"]],
	[d.organisatie | some d in input.zaak.deelnemers; d.deelnemer == wie],
)
