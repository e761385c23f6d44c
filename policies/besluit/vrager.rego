# The requester: a deelnemer in law, named for this zaak, for its own task, through a fit person.

package sluis.besluit

import rego.v1

# METADATA
# description: Evidence of the requester and the person (WGS 1.8(2), 2.19, 2.23(5), BGS 1.11, 1.17).
vrager := bewijs if {
	wie := input.vrager
	persoon := wie.gebruiker
	taken := [taak | some taak in basis.deelnemers[wie.deelnemer].taken]
	rollen_hier := rollen(wie)
	bewijs := {
		"vrager-geen-deelnemer": taken,
		"vrager-niet-betrokken": rollen_hier,
		"vrager-agendalid": [rol | some rol in rollen_hier; rol in ["kern", "overig"]],
		"taak-niet-van-deelnemer": [1 | wie.taak in taken],
		"rol-niet-bevoegd": [1 | persoon.rol == "verwerker"],
		"autorisatie-verlopen": [1 | input.moment < persoon.geautoriseerd_tot],
		"screening-ontbreekt": [1 | persoon.gescreend_op != null],
		"opleiding-ontbreekt": [1 | persoon.opgeleid_op != null],
	}
}

# METADATA
# description: The roles of a partner in the zaak now; organisatie and deelnemer both match.
rollen(partij) := [d.rol |
	not partij.organisatie in [null, ""]
	some d in input.zaak.deelnemers
	d.organisatie == partij.organisatie
	d.deelnemer == partij.deelnemer
	d.vanaf <= input.moment
	input.moment < d.tot
]
