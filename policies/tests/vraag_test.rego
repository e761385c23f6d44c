# The question, its basis and its zaak: each fact that is broken is told by its own ground.

package sluis_test

import rego.v1

# METADATA
# description: The examples that all tests start from are granted as they are.
test_good_examples_are_granted if {
	every voorbeeld in ["hhk", "persoon", "scan", "casus", "antwoord", "resultaat", "convenant"] {
		oordeel(voorbeeld, []).uitkomst == "toegewezen"
	}
}

test_unknown_basis_is_refused if {
	gronden("hhk", [["/grondslag", "avg-6"]]) == {"grondslag-onbekend"}
}

test_covenant_is_no_longer_in_force if {
	"grondslag-niet-in-werking" in gronden("hhk", [["/grondslag", "riec-convenant"]])
}

test_bilateral_basis_serves_its_own_source_only if {
	gronden("hhk", [["/grondslag", "awr-43c"]]) == {"grondslag-verkeerd-spoor"}
}

test_activity_must_be_that_of_the_zaak if {
	every activiteit in ["iets", "scan", null] {
		"activiteit-onbekend" in gronden("hhk", [["/verzoek/activiteit", activiteit]])
	}
}

test_question_needs_its_parts if {
	gronden("hhk", [["/verzoek/doel", []]]) == {"doel-ontbreekt"}
	gronden("hhk", [["/verzoek/vraagstelling", "Te kort"]]) == {"vraagstelling-ontbreekt"}
	gronden("hhk", [["/verzoek/verschijnsel", "vastgoed"]]) == {"verschijnsel-niet-aangewezen"}
	gronden("hhk", [["/verzoek/aantal_betrokkenen", 6]]) == {"te-veel-betrokkenen"}
}

test_without_a_zaak_only_that_is_told if {
	gronden("hhk", [["/zaak", null]]) == {"zaak-onbekend"}
}

test_one_state_of_the_zaak_is_told if {
	gronden("hhk", [["/zaak/status", "voorgesteld"]]) == {"zaak-niet-vastgesteld"}
	gronden("hhk", [["/zaak/status", "beeindigd"]]) == {"zaak-beeindigd"}
	gronden("hhk", [["/zaak/einde", null]]) == {"zaak-zonder-looptijd"}
	moment := data.voorbeelden.hhk.moment
	gronden("hhk", [["/zaak/begin", moment + 1]]) == {"zaak-niet-vastgesteld"}
	gronden("hhk", [["/zaak/einde", moment]]) == {"zaak-verlopen"}
}

test_term_ends_at_its_end_and_not_before if {
	moment := data.voorbeelden.hhk.moment
	gronden("hhk", [["/zaak/begin", moment], ["/zaak/einde", moment + 1]]) == set()
}

test_end_that_lies_ahead_is_no_end_yet if {
	straks := data.voorbeelden.hhk.moment + 1
	gronden("hhk", [["/zaak/status", "beeindigd"], ["/zaak/beeindigd_op", straks]]) == set()
}

test_zaak_begins_with_an_accepted_signal if {
	gronden("hhk", [["/zaak/signaal/status", "aangemeld"]]) == {"signaal-niet-aanvaard"}
}
