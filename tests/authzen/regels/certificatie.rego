# The policy that the certification scenario of AuthZEN 1.0 prescribes (its section 1.4).

package certificatie

import rego.v1

# METADATA
# description: Everybody who is known may read every record that is known.
lezen := [1 | input.action.name == "read"; input.wie != null; input.wat != null]

# METADATA
# description: Alice may write what is not archived.
schrijven := [1 |
	input.action.name == "write"
	input.wie.id == "alice"
	input.wat.status != "archived"
]

# METADATA
# description: Who is admin may write in the archive.
archiveren := [1 |
	input.action.name == "write"
	input.wie.role == "admin"
	input.wat.status == "archived"
]

# METADATA
# description: Alice may delete so that it can be undone.
wissen := [1 |
	input.action.name == "delete"
	input.wie.id == "alice"
	input.wat != null
	input.action.properties.soft == true
]

# METADATA
# description: One reason is enough.
# entrypoint: true
toegestaan := count(array.concat(array.concat(lezen, schrijven), array.concat(archiveren, wissen))) > 0
