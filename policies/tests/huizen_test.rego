# What the Zorg- en Veiligheidshuizen ask: secrecy, reservations, declarations, renewals.

package sluis_test

import rego.v1

geen_instemming := ["/instemmingen", []]

# METADATA
# description: A consent that counts, from this organisation.
gegeven(soort, organisatie) := {
	"soort": soort,
	"organisatie": organisatie,
	"door": "iemand",
	"op": 0,
	"tot": 9000000000000000000,
	"categorieen": null,
}

reclassering := ["/vrager", object.union(data.voorbeelden["huis-casus"].vrager, {
	"organisatie": "reclassering-wl",
	"deelnemer": "reclassering",
	"taak": "reclassering",
})]

test_house_shares_care_data if {
	oordeel("huis-casus", []).uitkomst == "toegewezen"
	oordeel("huis-antwoord", []).uitkomst == "toegewezen"
}

test_purpose_is_one_of_the_basis if {
	gronden("huis-casus", [["/verzoek/doel", ["fiscaal"]]]) == {"doel-ontbreekt"}
	gronden("hhk", [["/verzoek/doel", ["zorg"]]]) == {"doel-ontbreekt"}
	gronden("hhk", [["/verzoek/doel", []]]) == {"doel-ontbreekt"}
}

test_some_things_are_kept_for_public_deelnemers if {
	gronden("huis-casus", [reclassering]) == set()
	gronden("huis-priolijst", [reclassering]) == {"grondslag-verkeerd-spoor"}
	gronden("huis-incidenteel", [reclassering]) == {"grondslag-verkeerd-spoor"}
}

test_circle_holds_persons_only if {
	rechtspersoon := ["/betrokkene/soort", "rechtspersoon"]
	gronden("huis-casus", [rechtspersoon]) == {"relatie-te-ver", "buiten-gebied"}
}

test_secrecy_yields_to_the_source_itself if {
	codes("huis-ggz", []) == set()
	codes("huis-ggz", [geen_instemming]) == {"beroepsgeheim-niet-doorbroken"}
	count(oordeel("huis-ggz", [geen_instemming]).instemmingen) == 4
	ander := ["/instemmingen", [gegeven("wettelijke-plicht", "om-wl")]]
	codes("huis-ggz", [ander]) == {"beroepsgeheim-niet-doorbroken"}
}

test_secrecy_goes_with_the_item if {
	van := ["/gegevens/0/herkomst_deelnemer", "ggz-instelling"]
	codes("huis-antwoord", [van]) == {"beroepsgeheim-niet-doorbroken"}
	count(oordeel("huis-antwoord", [van]).instemmingen) == 4
	onbekend := ["/gegevens/0/herkomst_deelnemer", "iemand"]
	codes("huis-antwoord", [onbekend]) == {"beroepsgeheim-niet-doorbroken"}
}

test_recipient_declares_itself if {
	zonder := ["/instemmingen", [gegeven("geen-bezwaar", "waterrijk-college")]]
	codes("huis-incidenteel", []) == set()
	codes("huis-incidenteel", [zonder]) == {"geheimhoudingsverklaring-ontbreekt"}
	codes("huis-ander-huis", []) == set()
	codes("huis-ander-huis", [zonder]) == {"eerst-treffer-bij-ontvanger"}
	some rij in oordeel("huis-ander-huis", [zonder]).instemmingen
	rij.organisatie == "zvh-oost"
}

test_secret_goes_to_no_other_samenwerkingsverband if {
	naar := ["/ontvanger/soort", "ander-riec"]
	van := ["/gegevens/0/herkomst_deelnemer", "ggd"]
	codes("huis-resultaat", [naar]) == {"leverancier-instemming-ontbreekt"}
	codes("huis-resultaat", [naar, van]) == {"beroepsgeheim-ander-verband"}
}

test_supplier_renews_the_term if {
	codes("huis-bewaard", []) == set()
	codes("huis-bewaard", [geen_instemming]) == {"bewaartermijn-verstreken"}
}
