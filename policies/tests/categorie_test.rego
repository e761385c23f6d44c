# The categories, the consents, and the items of an answer or a result.

package sluis_test

import rego.v1

# METADATA
# description: This category is asked, and nothing else.
vraagt(categorie) := ["/verzoek/categorieen", [categorie]]

test_category_that_never_passes if {
	codes("hhk", [vraagt("sterrenbeeld")]) == {"categorie-onbekend"}
	codes("hhk", [vraagt("gezondheid")]) == {"categorie-uitgesloten"}
	codes("hhk", [vraagt("nationaliteit")]) == {"nationaliteit-niet-noodzakelijk"}
}

test_nationality_passes_when_it_cannot_be_missed if {
	onvermijdelijk := ["/verzoek/nationaliteit_onvermijdelijk", true]
	gevraagd := codes("persoon", [vraagt("nationaliteit"), onvermijdelijk])
	not "nationaliteit-niet-noodzakelijk" in gevraagd
}

test_category_waits_for_its_phase if {
	"categorie-niet-in-fase" in codes("hhk", [vraagt("fiscaal")])
	"categorie-niet-bij-scan" in codes("scan", [vraagt("politiegegevens-9-10")])
}

test_source_supplies_only_what_is_its_own if {
	codes("hhk", [vraagt("verblijfsstatus")]) == {"categorie-niet-van-bron"}
}

test_sexual_behaviour_needs_a_criminal_question if {
	"seksueel-gedrag-niet-toegestaan" in codes("hhk", [vraagt("seksueel-gedrag")])
}

test_sexual_behaviour_passes_beside_criminal_data if {
	gevraagd := ["/verzoek/categorieen", ["seksueel-gedrag", "justitieel"]]
	"seksueel-gedrag-niet-toegestaan" in codes("hhk", [gevraagd])
	mensenhandel := ["/verzoek/verschijnsel", "mensenhandel"]
	not "seksueel-gedrag-niet-toegestaan" in codes("hhk", [gevraagd, mensenhandel])
}

test_police_data_wait_for_consent if {
	oordeel("politie", [["/instemmingen", []]]).uitkomst == "instemming-vereist"
	codes("politie", [["/instemmingen", []]]) == {"bevoegd-gezag-ontbreekt"}
	oordeel("politie", [["/instemmingen", []]]).instemmingen != []
}

test_covenant_waits_for_its_own_consents if {
	zonder := ["/instemmingen", []]
	codes("convenant-politie", [zonder]) == {"wpg-20-besluit-ontbreekt"}
	"om-toestemming-ontbreekt" in codes("convenant-politie", [zonder, vraagt("politiegegevens-9-10")])
	codes("convenant", [vraagt("fiscaal"), belastingdienst]) == {"convenant-verzoek-ontbreekt"}
}

belastingdienst := ["/bron", {
	"organisatie": "belastingdienst",
	"deelnemer": "rijksbelastingdienst",
}]

test_bilateral_basis_opens_its_own_categories if {
	basis := ["/grondslag", "wpg-19"]
	gevraagd := ["bevoegd-gezag-ontbreekt", "functionaris-ontbreekt"]
	codes("tweezijdig", [basis]) == {code | some code in gevraagd}
	codes("tweezijdig", [basis, vraagt("identificatie")]) == {"categorie-niet-van-grondslag"}
	gronden("tweezijdig", [basis, belastingdienst]) == {"grondslag-verkeerd-spoor"}
}

test_bilateral_basis_serves_its_own_requesters if {
	basis := ["/grondslag", "wpg-16"]
	om := ["/vrager/deelnemer", "om"]
	burgemeester := ["/vrager/deelnemer", "burgemeester"]
	oordeel("tweezijdig", [basis, om, ["/vrager/taak", "ro-124"]]).uitkomst == "toegewezen"
	gronden("tweezijdig", [basis, burgemeester, ["/vrager/taak", "openbare-orde"]]) == set()
	anders := ["/vrager/taak", "paspoortwet"]
	gronden("tweezijdig", [basis, burgemeester, anders]) == {"grondslag-verkeerd-spoor"}
}

test_item_passes_on_its_labels_only if {
	every geval in [
		["/gegevens/0/herkomst", null, "herkomst-ontbreekt"],
		["/gegevens/0/categorie", "gezondheid", "categorie-uitgesloten"],
		["/gegevens/0/categorie", "fiscaal", "gegeven-niet-gevraagd"],
		["/gegevens/0/bewaren_tot", 0, "bewaartermijn-verstreken"],
		["/gegevens/0/bewaren_einden", [0], "bewaartermijn-verstreken"],
	] {
		[pad, waarde, code] := geval
		code in codes("antwoord", [[pad, waarde]])
	}
}

test_police_item_passes_on_its_article_only if {
	every geval in [
		["/gegevens/0/wpg_artikel", null, "wpg-label-ontbreekt"],
		["/gegevens/0/wpg_artikel", "9", "wpg-label-past-niet"],
		["/gegevens/0/wpg_artikel", "12", "categorie-uitgesloten"],
		["/gegevens/0/status", "verwijderd", "politiegegeven-verwijderd"],
		["/gegevens/0/eerste_verwerking_einde", 0, "politiegegeven-te-oud"],
	] {
		[pad, waarde, code] := geval
		code in codes("politieantwoord", [[pad, waarde]])
	}
}

test_result_waits_for_whoever_may_object if {
	"bezwaar-deelnemer" in codes("resultaat", [["/instemmingen", []]])
	"rac-toets-ontbreekt" in codes("resultaat-buiten", [["/instemmingen", []]])
	"leverancier-instemming-ontbreekt" in codes("resultaat-politie", [["/instemmingen", []]])
}

test_tax_data_never_go_to_a_private_interest if {
	"fiscaal-naar-privaat" in codes("resultaat-buiten", [
		["/ontvanger/soort", "derde-privaat"],
		["/ontvanger/grond", "gerechtvaardigd-belang"],
		["/gegevens/0/herkomst_deelnemer", "rijksbelastingdienst"],
	])
}

test_what_passes_comes_with_obligations if {
	{"geheimhouding", "geen-doorverstrekking"} == {v | some v in oordeel("hhk", []).voorwaarden}
	"bewaren-tot" in oordeel("antwoord", []).voorwaarden
	"terugkoppeling" in oordeel("resultaat", []).voorwaarden
	oordeel("hhk", [["/verzoek/doel", []]]).voorwaarden == []
}

test_nothing_at_door_2_is_granted_unless_a_ground_falls if {
	leeg := ["/gegevens", []]
	oordeel("antwoord", [leeg]).uitkomst == "toegewezen"
	oordeel("antwoord", [leeg, ["/verzoek/doel", []]]).uitkomst == "geweigerd"
}

test_parts_that_differ_are_told_apart if {
	oordeel("hhk", [["/verzoek/categorieen", ["bedrijfsgegevens", "fiscaal"]]]).uitkomst == "deels"
}

test_missing_facts_never_grant if {
	feiten := ["verzoek", "vrager", "bron", "betrokkene", "moment", "zaak/reikwijdte", "zaak/signaal"]
	every feit in feiten {
		pad := concat("", ["/", feit])
		every waarde in [null, [], "x", 0] {
			not toegewezen(pad, waarde)
		}
	}
}

toegewezen(pad, waarde) if oordeel("hhk", [[pad, waarde]]).uitkomst == "toegewezen"

test_broker_is_told_the_digest if {
	antwoord := data.sluis.antwoord with input as data.voorbeelden.hhk
	antwoord.digest == data.sluis.digest
	antwoord.besluit == oordeel("hhk", [])
}
