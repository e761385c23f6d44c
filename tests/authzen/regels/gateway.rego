# The API gateway scenario of the AuthZEN interop: which role may use which method of which route.

package gateway

import rego.v1

# METADATA
# description: Everybody who is known may fetch.
halen := [1 | input.action.name == "GET"; input.wie != null]

# METADATA
# description: Who is more than a viewer may change something.
wijzigen := [1 |
	input.action.name in ["POST", "PUT", "DELETE"]
	some rol in input.wie.roles
	rol in ["admin", "editor", "evil_genius"]
]

# METADATA
# description: One reason is enough, on a route that is known.
# entrypoint: true
toegestaan := count([1 | input.wat != null; count(array.concat(halen, wijzigen)) > 0]) > 0
