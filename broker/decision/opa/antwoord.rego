# METADATA
# title: Antwoord
# description: What the broker asks a server - the verdict, with the digest of the rules behind it.
package sluis

import rego.v1

# METADATA
# description: >-
#   Both of one and the same bundle, so that a server with other rules is noticed. Undefined, so
#   no verdict, when one of them is.
# entrypoint: true
antwoord := {
	"besluit": data.sluis.besluit.besluit,
	"digest": data.sluis.digest,
}
