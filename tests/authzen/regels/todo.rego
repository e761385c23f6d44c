# The Todo scenario of the AuthZEN interop: five actions, four roles.

package todo

import rego.v1

# METADATA
# description: Everybody who is known may look.
kijken := [1 | input.wie != null; input.action.name in ["can_read_user", "can_read_todos"]]

# METADATA
# description: Who is more than a viewer may make one.
maken := [1 |
	input.action.name == "can_create_todo"
	some rol in input.wie.roles
	rol in ["admin", "editor", "evil_genius"]
]

# METADATA
# description: What is one's own, an editor may change and delete.
eigen := [1 |
	input.action.name in ["can_update_todo", "can_delete_todo"]
	"editor" in input.wie.roles
	input.wat.ownerID == input.wie.email
]

# METADATA
# description: An evil genius changes what is another's, an admin deletes it.
andermans := [1 |
	some rol in input.wie.roles
	[input.action.name, rol] in [["can_update_todo", "evil_genius"], ["can_delete_todo", "admin"]]
]

# METADATA
# description: One reason is enough.
# entrypoint: true
toegestaan := count(array.concat(array.concat(kijken, maken), array.concat(eigen, andermans))) > 0
