# What the tests of the rules share: good examples, and how one fact of them is changed.
#
# The examples are the base dossiers of tests/decision/cases, with their calendar worked out.
# `make policies` puts them in `data.voorbeelden`, beside the law in `data.standen`.

# METADATA
# title: Voorbeelden
# description: Helpers of the tests; none of this is part of the bundle.
package sluis_test

import rego.v1

# METADATA
# description: The verdict on an example with these facts replaced, each `[pointer, value]`.
oordeel(voorbeeld, feiten) := besluit if {
	besluit := data.sluis.besluit.besluit with input as aangepast(voorbeeld, feiten)
}

# METADATA
# description: The same, where the basis of the example says something else, `[pointer, value]` too.
oordeel_onder(basis, voorbeeld, feiten) := besluit if {
	invoer := aangepast(voorbeeld, feiten)
	pad := concat("/", ["", invoer.stand, "grondslagen", invoer.grondslag])
	standen := json.patch(data.standen, [vervang(pad, deel) | some deel in basis])
	besluit := data.sluis.besluit.besluit with input as invoer with data.standen as standen
}

aangepast(voorbeeld, feiten) := json.patch(
	data.voorbeelden[voorbeeld],
	[vervang("", feit) | some feit in feiten],
)

vervang(pad, deel) := {"op": "add", "path": concat("", [pad, deel[0]]), "value": deel[1]}

# METADATA
# description: The grounds on the whole question of such an example.
gronden(voorbeeld, feiten) := {code | some code in oordeel(voorbeeld, feiten).gronden}

# METADATA
# description: All codes that fall on a category or an item of such an example.
codes(voorbeeld, feiten) := {code |
	besluit := oordeel(voorbeeld, feiten)
	some deel in array.concat(besluit.categorieen, besluit.gegevens)
	some code in deel.codes
}
