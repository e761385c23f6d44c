# The zaak: HHK, casus or scan must be decided, within its term, begun with an accepted signaal.

package sluis.besluit

import rego.v1

# METADATA
# description: Evidence of the zaak (WGS 2.23). Of its states one is told, the first that holds.
zaak := bewijs if {
	toestand := zaak_toestand
	bewijs := {
		"zaak-onbekend": [1 | toestand != "zaak-onbekend"],
		"zaak-niet-vastgesteld": [1 | toestand != "zaak-niet-vastgesteld"],
		"zaak-zonder-looptijd": [1 | toestand != "zaak-zonder-looptijd"],
		"zaak-verlopen": [1 | toestand != "zaak-verlopen"],
		"zaak-beeindigd": [1 | toestand != "zaak-beeindigd"],
		"signaal-niet-aanvaard": array.concat(
			[1 | basis.signaal_vereist == false],
			[1 | input.zaak.signaal.status == "aanvaard"],
		),
	}
}

# METADATA
# description: >-
#   The first state that holds; `loopt` only when begin and end show it. An end without a date is an
#   end at once; one that lies ahead counts as vastgesteld until then.
default zaak_toestand := "zaak-onbekend"

zaak_toestand := "zaak-beeindigd" if {
	input.zaak.status == "beeindigd"
	input.moment >= input.zaak.beeindigd_op
} else := "zaak-niet-vastgesteld" if {
	is_object(input.zaak)
	not input.zaak.status in ["vastgesteld", "beeindigd"]
} else := "zaak-zonder-looptijd" if {
	is_object(input.zaak)
	input.zaak.einde == null
} else := "zaak-niet-vastgesteld" if {
	input.moment < input.zaak.begin
} else := "zaak-verlopen" if {
	input.moment >= input.zaak.einde
} else := "loopt" if {
	input.zaak.begin <= input.moment
	input.moment < input.zaak.einde
}
