# The requester, the source and the subject: who may ask whom, about whom.

package sluis_test

import rego.v1

# METADATA
# description: Grounds on the requester; the person comes after them.
test_requester_is_a_deelnemer_in_law if {
	gronden("hhk", [["/vrager/deelnemer", "bank"]]) == {"vrager-geen-deelnemer"}
}

test_requester_has_a_place_in_the_zaak if {
	gronden("hhk", [["/vrager/organisatie", "elders"]]) == {"vrager-niet-betrokken"}
	gronden("hhk", [["/zaak/deelnemers/0/rol", "agendalid"]]) == {"vrager-agendalid"}
	voorbij := ["/zaak/deelnemers/0/tot", data.voorbeelden.hhk.moment]
	gronden("hhk", [voorbij]) == {"vrager-niet-betrokken"}
}

test_requester_asks_for_its_own_task if {
	gronden("hhk", [["/vrager/taak", "awr"]]) == {"taak-niet-van-deelnemer"}
	gronden("hhk", [["/vrager/taak", null]]) == {"taak-niet-van-deelnemer"}
}

test_person_is_fit_to_ask if {
	gronden("hhk", [["/vrager/gebruiker/rol", "toetser"]]) == {"rol-niet-bevoegd"}
	gronden("hhk", [["/vrager/gebruiker/geautoriseerd_tot", 0]]) == {"autorisatie-verlopen"}
	gronden("hhk", [["/vrager/gebruiker/gescreend_op", null]]) == {"screening-ontbreekt"}
	gronden("hhk", [["/vrager/gebruiker/opgeleid_op", null]]) == {"opleiding-ontbreekt"}
}

test_source_is_a_deelnemer_of_the_zaak if {
	gronden("hhk", [["/bron/deelnemer", "bank"]]) == {"bron-geen-deelnemer"}
	gronden("hhk", [["/bron/organisatie", "elders"]]) == {"bron-niet-betrokken"}
}

uwv := [["/bron", {"organisatie": "uwv", "deelnemer": "uwv"}]]

akkoord(soort, organisatie, door) := ["/instemmingen", [{
	"soort": soort,
	"organisatie": organisatie,
	"door": door,
	"op": 0,
	"tot": data.voorbeelden.hhk.moment + 1,
	"categorieen": null,
}]]

test_other_source_is_asked_for_a_hit_first if {
	"alleen-treffer-voor-overige-bron" in gronden("hhk", uwv)
	treffer := ["/verzoek/soort", "treffer-geen-treffer"]
	gronden("hhk", array.concat(uwv, [treffer])) == set()
}

test_other_source_may_join_for_this_subject if {
	gronden("hhk", array.concat(uwv, [akkoord("leverancier", "uwv", "u-9")])) == set()
}

test_consent_of_the_person_who_asks_does_not_count if {
	eigen := akkoord("leverancier", "uwv", data.voorbeelden.hhk.vrager.gebruiker.id)
	"alleen-treffer-voor-overige-bron" in gronden("hhk", array.concat(uwv, [eigen]))
}

test_subject_lies_within_the_scope if {
	gronden("hhk", [["/betrokkene/gebieden", ["BU99990001"]]]) == {"buiten-gebied"}
	gronden("hhk", [["/betrokkene/band", ["woont"]]]) == {"buiten-gebied"}
	gronden("hhk", [["/betrokkene/branches", ["0111"]]]) == {"buiten-branche"}
	gronden("hhk", [["/betrokkene/signalen", ["anders"]]]) == {"geen-band-met-signaal"}
	gronden("hhk", [["/zaak/reikwijdte/signalen", null]]) == {"reikwijdte-onbekend"}
	gronden("hhk", [["/betrokkene/afstand", 1]]) == {"relatie-te-ver"}
}

test_direct_circle_is_in_scope_through_its_subject if {
	gronden("hhk", [
		["/betrokkene/relatie", "directe-kring"],
		["/betrokkene/afstand", 1],
		["/betrokkene/gebieden", []],
	]) == set()
}

test_area_lies_in_a_larger_one_and_not_the_other_way_round if {
	every grens in ["BU08550402", "WK085504", "GM0855"] {
		gronden("hhk", [["/zaak/reikwijdte/gebieden", [grens]]]) == set()
	}
	every gebied in ["WK085504", "GM0855"] {
		gronden("hhk", [
			["/zaak/reikwijdte/gebieden", ["BU08550402"]],
			["/betrokkene/gebieden", [gebied]],
		]) == {"buiten-gebied"}
	}
}

test_research_on_the_subject_is_open if {
	gronden("hhk", [["/betrokkene/onderzoek/geopend_op", null]]) == {"onderzoek-onbekend"}
	gronden("hhk", [["/betrokkene/onderzoek/einde", 0]]) == {"onderzoek-beeindigd"}
}
