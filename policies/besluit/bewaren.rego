# How long an item is kept: its term, renewed or not, and never longer than its supplier keeps it.

package sluis.besluit

import rego.v1

# METADATA
# description: When each item that passes must be gone.
bewaren := [bewaren_einde(item) |
	some n, deel in gegevens
	deel.uitkomst == "toegewezen"
	item := input.gegevens[n]
]

# METADATA
# description: >-
#   The first of the end of its term, renewed or not, the supplier's own, and the end of a consent
#   to renew it.
bewaren_einde(item) := eerste[0] if {
	verlengd := verlengingen(item)
	grenzen := array.concat(
		[termijn_einde(item.bewaren_einden, verlengd), item.bewaren_tot],
		[i.tot | some i in verlengd],
	)
	eerste := [grens |
		some grens in grenzen
		every ander in grenzen {
			grens <= ander
		}
	]
}

# METADATA
# description: >-
#   The first end that no renewal moves (BGS 1.16(3)). The ends are those without renewal, with one,
#   with two and so on; each renewal is decided within the term that it renews, so two decided in
#   the same term move the end once.
termijn_einde(einden, verlengd) := open[0] if {
	verschoven := [eerstvolgend(einden, i.op) | some i in verlengd]
	open := [einde | some einde in einden; not einde in verschoven]
}

eerstvolgend(einden, op) := [einde | some einde in einden; op < einde][0]

# METADATA
# description: When the supplier of the item agreed to keep it longer, where this basis knows it.
verlengingen(item) := [i |
	is_string(basis.bewaarverlenging)
	some i in instemmingen
	i.soort == basis.bewaarverlenging
	i.organisatie == item.herkomst
	dekt(i, item.categorie)
]
