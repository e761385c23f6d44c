# What a basis asks by its data alone, whichever basis it is; shown on one that asks more than ours.

package sluis_test

import rego.v1

# METADATA
# description: One of two kinds of consent is enough for this category; the source records it.
keuze := ["/categorieen/bedrijfsgegevens/instemmingen_een_van", [{
	"grond": "bevoegd-gezag-ontbreekt",
	"soorten": ["uitdrukkelijke-toestemming", "wettelijke-plicht"],
	"bronnen": [],
}]]

deel_van(besluit, id) := [deel | some deel in besluit.categorieen; deel.id == id][0]

test_category_waits_for_one_of_its_consents if {
	besluit := oordeel_onder([keuze], "hhk", [])
	deel_van(besluit, "bedrijfsgegevens").uitkomst == "instemming-vereist"
	{rij.soort | some rij in besluit.instemmingen} == {soort | some soort in keuze[1][0].soorten}
}

test_one_of_its_consents_is_enough if {
	bron := data.voorbeelden.hhk.bron.organisatie
	every soort in keuze[1][0].soorten {
		oordeel_onder([keuze], "hhk", [akkoord(soort, bron, "arts-1")]).uitkomst == "toegewezen"
	}
}

test_consent_is_that_of_the_source_itself if {
	ander := akkoord("wettelijke-plicht", "om-wl", "arts-1")
	oordeel_onder([keuze], "hhk", [ander]).uitkomst == "deels"
}

test_choice_is_asked_of_its_own_sources_only if {
	elders := [keuze[0], [object.union(keuze[1][0], {"bronnen": ["politie"]})]]
	oordeel_onder([elders], "hhk", []).uitkomst == "toegewezen"
}

test_item_waits_for_the_choice_of_whose_it_is if {
	besluit := oordeel_onder([keuze], "antwoord", [])
	besluit.uitkomst == "instemming-vereist"
}

test_item_is_kept_until_the_first_of_its_ends if {
	moment := data.voorbeelden.antwoord.moment
	feiten := [["/gegevens/0/bewaren_einden", [moment + 5]]]
	oordeel("antwoord", feiten).bewaren == [moment + 5]
	korter := array.concat(feiten, [["/gegevens/0/bewaren_tot", moment + 1]])
	oordeel("antwoord", korter).bewaren == [moment + 1]
}

test_item_without_a_term_does_not_pass if {
	"bewaartermijn-verstreken" in codes("antwoord", [["/gegevens/0/bewaren_einden", []]])
}

test_renewal_moves_the_end_where_the_basis_knows_it if {
	moment := data.voorbeelden.antwoord.moment
	feiten := [
		["/gegevens/0/bewaren_einden", [moment - 1, moment + 5]],
		akkoord("bewaarverlenging", data.voorbeelden.antwoord.gegevens[0].herkomst, "u-9"),
	]
	oordeel("antwoord", feiten).uitkomst == "geweigerd"
	verlengd := [["/bewaarverlenging", "bewaarverlenging"]]
	oordeel_onder(verlengd, "antwoord", feiten).uitkomst == "toegewezen"
}

# METADATA
# description: What a recipient of this kind must declare; it must name each category.
verklaring := {
	"grond": "rac-toets-ontbreekt",
	"soort": "geheimhoudingsverklaring",
	"ontvangers": ["derde-publiek"],
	"behalve": [],
	"benoemd": true,
}

test_recipient_declares_what_the_basis_asks if {
	asked := [["/resultaat/verklaringen", [verklaring]]]
	gever := ["/ontvanger", {"organisatie": "ggd-wl", "soort": "derde-publiek", "grond": null}]
	algemeen := akkoord(verklaring.soort, "ggd-wl", "arts-1")[1][0]
	categorieen := [data.voorbeelden["resultaat-buiten"].gegevens[0].categorie]
	ruim := ["/instemmingen/-", algemeen]
	gegeven := ["/instemmingen/-", object.union(algemeen, {"categorieen": categorieen})]
	oordeel_onder(asked, "resultaat-buiten", [gever]).uitkomst == "instemming-vereist"
	oordeel_onder(asked, "resultaat-buiten", [gever, ruim]).uitkomst == "instemming-vereist"
	oordeel_onder(asked, "resultaat-buiten", [gever, gegeven]).uitkomst == "toegewezen"
	onbenoemd := [["/resultaat/verklaringen", [object.union(verklaring, {"benoemd": false})]]]
	oordeel_onder(onbenoemd, "resultaat-buiten", [gever, ruim]).uitkomst == "toegewezen"
}

test_what_is_kept_for_others_is_refused if {
	hhk := {"deelnemers": ["om"], "activiteiten": ["hhk"], "ontvangers": []}
	oordeel_onder([["/voorbehouden", hhk]], "hhk", []).uitkomst == "geweigerd"
	scan := {"deelnemers": ["om"], "activiteiten": ["scan"], "ontvangers": ["derde-publiek"]}
	oordeel_onder([["/voorbehouden", scan]], "hhk", []).uitkomst == "toegewezen"
}
