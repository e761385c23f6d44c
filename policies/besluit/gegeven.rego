# The items of the answer (door 2): each item on the labels that its source put on it.

package sluis.besluit

import rego.v1

# METADATA
# description: Each item in the order of the dossier, with its outcome and grounds.
gegevens := [deelbesluit(item.id, weigeringen, wachtend) |
	some item in input.gegevens
	weigeringen := array.concat(gronden, gegeven_gronden(item))
	wachtend := [code | weigeringen == []; some code in gegeven_wachtend(item)]
]

# METADATA
# description: >-
#   The grounds of one item. Of an excluded label or category, or one of which nothing else is told,
#   only that. The grounds of its category fall on it when the category was asked.
gegeven_gronden(item) := ["categorie-uitgesloten"] if item.wpg_artikel in basis.labels_uitgesloten

else := ["categorie-uitgesloten"] if item.categorie in basis.uitgesloten

else := eerst if {
	eerst := [code | some code in van_categorie(item); code in wet.gronden.categorie_eerst]
	eerst != []
} else := codes if {
	categorie := object.get(basis.categorieen, item.categorie, {"aard": null, "labels": []})
	codes := array.concat(van_categorie(item), niet_bewezen(gegeven_bewijs(item, categorie)))
}

van_categorie(item) := [code |
	item.categorie in input.verzoek.categorieen
	some code in categorie_gronden(item.categorie)
]

# METADATA
# description: What shows that the item may pass (Wpg 8, 14, 20, WGS 1.7(6), 1.8(7), 2.22).
gegeven_bewijs(item, categorie) := bewijs if {
	niet_van_politie := [1 | categorie.aard != "politie"]
	bewijs := {
		"wpg-label-ontbreekt": array.concat(niet_van_politie, [1 | is_string(item.wpg_artikel)]),
		"wpg-label-past-niet": [1 | label_past(item.wpg_artikel, categorie)],
		"politiegegeven-verwijderd": array.concat(niet_van_politie, [1 | item.status == "beschikbaar"]),
		"politiegegeven-te-oud": [1 | niet_te_oud(item)],
		"bewaartermijn-verstreken": [1 | input.moment < bewaren_einde(item)],
		"gegeven-niet-gevraagd": [1 | item.categorie in input.verzoek.categorieen],
		"herkomst-ontbreekt": [1 | is_string(item.herkomst); item.herkomst != ""],
		"fiscaal-naar-privaat": [1 | mag_naar_ontvanger(item)],
		"beroepsgeheim-ander-verband": array.concat(
			[1 | blijft_in_verband],
			[1 | categorie.aard != "gezondheid"; gevraagd(item.categorie, afkomst(item)) == []],
		),
	}
}

label_past(label, _) if label == null

label_past(label, categorie) if label in categorie.labels

niet_te_oud(item) if input.moment < item.eerste_verwerking_einde

niet_te_oud(item) if not item.wpg_artikel in basis.labels_met_termijn

# METADATA
# description: Tax data never go to a private party on a legitimate interest (WGS 1.7(6)).
mag_naar_ontvanger(_) if gewone_vraag

mag_naar_ontvanger(item) if {
	basis.deelnemers[item.herkomst_deelnemer]
	not item.herkomst_deelnemer in basis.resultaat.fiscaal_afkomstig
}

mag_naar_ontvanger(_) if input.ontvanger.soort in basis.resultaat.publiek

mag_naar_ontvanger(_) if input.ontvanger.grond in ["publieke-taak", "wettelijke-plicht"]

# METADATA
# description: >-
#   It goes to no other samenwerkingsverband (WGS 1.7(8), BGS 1.10(2)). A recipient of an unknown
#   kind may be one.
blijft_in_verband if gewone_vraag

blijft_in_verband if {
	elders := array.concat(basis.resultaat.ander_verband, [null])
	not input.ontvanger.soort in elders
}

# METADATA
# description: The codes of the consents that this item still waits for.
gegeven_wachtend(item) := array.concat(
	categorie_wachtend(item.categorie),
	array.concat(
		van_afkomst(item),
		[code | gewone_vraag == false; some code in resultaat_wachtend(item)],
	),
)

# METADATA
# description: The choices asked of whose item it is, as far as not told of the source already.
van_afkomst(item) := [code |
	eerder := categorie_wachtend(item.categorie)
	open := te_kiezen(item.categorie, afkomst(item))
	some keuze in open
	code := keuze.grond
	not code in eerder
]

# METADATA
# description: Whose item it is, which may be another than the source that was asked.
afkomst(item) := {"organisatie": item.herkomst, "deelnemer": item.herkomst_deelnemer}
