# The Search scenario of the AuthZEN interop: records have an owner and a department.

package zoeken

import rego.v1

# METADATA
# description: The owner may do everything with a record.
eigenaar := [1 |
	input.action.name in ["view", "edit", "delete"]
	input.wat.owner == input.wie.id
]

# METADATA
# description: Who is of the department may view its records.
afdeling := [1 | input.action.name == "view"; input.wat.department == input.wie.department]

# METADATA
# description: A manager may view every record, and edit those of the own department.
leiding := [1 |
	input.wie.role == "manager"
	input.wat != null
	count(array.concat(
		[1 | input.action.name == "view"],
		[1 | input.action.name == "edit"; input.wat.department == input.wie.department],
	)) > 0
]

# METADATA
# description: One reason is enough.
# entrypoint: true
toegestaan := count(array.concat(eigenaar, array.concat(afdeling, leiding))) > 0
