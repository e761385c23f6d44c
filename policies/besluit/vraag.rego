# The question and its basis: what it must show, whoever asks and whoever is asked.

package sluis.besluit

import rego.v1

# METADATA
# description: Evidence of the question (WGS 2.17, 2.18, BGS 2.16).
vraag := bewijs if {
	moment := input.moment
	grondslag := basis
	verzoek := input.verzoek
	activiteit := verzoek.activiteit
	bestaat := [1 | basis.activiteiten[activiteit]]
	bewijs := {
		"grondslag-onbekend": [1 | grondslag.geregistreerd],
		"grondslag-niet-in-werking": [1 | grondslag.van <= moment; moment < grondslag.tot],
		"grondslag-verkeerd-spoor": array.concat(
			[1 | grondslag.spoor == "samenwerking"; voorbehouden_gevraagd == []; zaak_van != []],
			openingen,
		),
		"activiteit-onbekend": array.concat(
			[1 | bestaat != []; activiteit == input.zaak.soort],
			[1 | bestaat != []; input.zaak == null],
		),
		"doel-ontbreekt": [1 |
			verzoek.doel != []
			every doel in verzoek.doel {
				doel in grondslag.doelen
			}
		],
		"vraagstelling-ontbreekt": [1 | count(verzoek.vraagstelling) >= basis.vraagstelling_minimaal],
		"verschijnsel-niet-aangewezen": [1 | verzoek.verschijnsel in input.zaak.verschijnselen],
		# One is always few enough; an unknown maximum is none.
		"te-veel-betrokkenen": array.concat(
			[1 | verzoek.aantal_betrokkenen == 1],
			[1 | verzoek.aantal_betrokkenen <= input.zaak.max_betrokkenen],
		),
	}
}

# METADATA
# description: >-
#   What is asked here though it is kept for other deelnemers: an activity, or a recipient of a
#   result (WGS 2.28, 2.31(9), 2.31(11), 2.32(2)). An unknown recipient may be any of them.
voorbehouden_gevraagd := [iets |
	alleen := basis.voorbehouden
	not input.vrager.deelnemer in alleen.deelnemers
	some iets in array.concat(
		[activiteit | some activiteit in activiteiten_hier; activiteit in alleen.activiteiten],
		[soort |
			some soort in alleen.ontvangers
			input.ontvanger.soort in [soort, null]
			gewone_vraag == false
		],
	)
]

# METADATA
# description: >-
#   What shows that the zaak is one of this samenwerkingsverband (WGS 1.8(5)). Without a zaak there
#   is none to read; `zaak-onbekend` is told.
zaak_van := array.concat(
	[1 | input.zaak == null],
	[1 | object.get(input, ["zaak", "verband"], null) in basis.zaak_van],
)

# METADATA
# description: The activity asked for, and that of the zaak.
activiteiten_hier := [input.verzoek.activiteit, object.get(input, ["zaak", "soort"], null)]

# METADATA
# description: A question to a source. An unknown kind of verzoek is judged as every kind.
gewone_vraag := input.verzoek.soort in ["bevraging", "treffer-geen-treffer"]

# METADATA
# description: Decided at door 2 only; it has no source.
deelt_resultaat := [input.deur, input.verzoek.soort] == ["verstrekking", "resultaatdeling"]
