# METADATA
# title: Toegang tot de OPA-server
# description: >-
#   The broker asks for an answer, which rules and which OPA give it, and whether the server is
#   well. Nobody reads or changes rules.
package system.authz

import rego.v1

default allow := false

allow if {
	input.method == "POST"
	input.path == ["v1", "data", "sluis", "antwoord"]
}

allow if {
	input.method == "POST"
	input.path == ["v1", "data", "sluis", "digest"]
}

allow if {
	input.method == "POST"
	input.path == ["v1", "data", "system", "version"]
}

allow if {
	input.method == "GET"
	input.path == ["health"]
}
