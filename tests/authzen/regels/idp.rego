# The IdP scenario of the AuthZEN interop: which records belong in the token of a user.

package idp

import rego.v1

# METADATA
# description: A user may delete the records that are its own, and nothing else is asked.
# entrypoint: true
toegestaan := count([1 |
	input.action.name == "delete"
	input.wat.owner == input.wie.id
]) > 0
