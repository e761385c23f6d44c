"""Search in the log. A POST, because no subject may stand in an address; and a line of its own."""

from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field

from audit.entry import Soort
from broker.api.context import Context, Services, Uses, may
from broker.api.logboek import InschrijvingView, inschrijving_view
from broker.api.paging import LIMIT, cursor_of, numbers
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import Betreft, Naam, StrictRoute, instant_of
from broker.domain.dossier import Deel, Tijdstip
from broker.errors import ForbiddenError
from broker.services.logboekzoeken import Zoekvraag

router = APIRouter(route_class=StrictRoute, tags=["logboek"])
_FULL: Final = (
    "Zoeken op uitkomst of grond kan alleen de privacyfunctionaris van een RIEC. "
    "Een organisatie mag niet alles weten wat daarin staat."
)
Soorten: TypeAlias = Literal[
    "voornemen",
    "verstrekking",
    "weigering",
    "fout",
    "onbepaald",
    "wijziging",
    "toetsing",
    "inzage",
]


class NieuweZoekvraag(Deel):
    """What to look for: all that is given must hold."""

    zaak: Naam | None = None
    organisatie: Naam | None = Field(default=None, description="Wie de vraag stelde.")
    bron: Naam | None = Field(default=None, description="Aan wie de vraag was gericht.")
    gebruiker: Naam | None = None
    betrokkene: Betreft | None = Field(
        default=None, description="Het nummer wordt meteen een pseudoniem en wordt niet bewaard."
    )
    grond: Naam | None = Field(default=None, description="De code van een weigeringsgrond.")
    uitkomst: Literal["toegewezen", "geweigerd", "instemming-vereist", "deels"] | None = None
    soort: Soorten | None = Field(default=None, description="De soort inschrijving.")
    van: Tijdstip | None = None
    tot: Tijdstip | None = Field(default=None, description="Tot dit moment; dat telt niet mee.")
    cursor: Annotated[str, Field(max_length=400)] | None = Field(
        default=None, description="Waar de vorige pagina ophield; zie links."
    )
    limiet: Annotated[int, Field(ge=1, le=200)] = LIMIT

    def vraag(self, uses: Services) -> Zoekvraag:
        """Return the question with a pseudonym for the subject.

        Raises:
            InvalidInputError: A moment outside the calendar.
        """
        sleutel = None
        if self.betrokkene is not None:
            identiteit = self.betrokkene.identiteit()
            sleutel = uses.pseudoniem.sleutel(identiteit, pointer="/betrokkene")
        return Zoekvraag(
            zaak=self.zaak,
            organisatie=self.organisatie,
            bron=self.bron,
            gebruiker=self.gebruiker,
            sleutel=sleutel,
            grond=self.grond,
            uitkomst=self.uitkomst,
            soort=None if self.soort is None else Soort(self.soort),
            van=instant_of(self.van, "/van"),
            tot=instant_of(self.tot, "/tot"),
        )


class VerwijzingView(BaseModel):
    """A link as RFC 8288 has them, for a question that cannot stand in an address."""

    rel: Literal["next"]
    cursor: str = Field(description="Zet deze cursor bij dezelfde vraag.")


class ZoekantwoordView(BaseModel):
    """A page of what was found, the oldest first."""

    inschrijvingen: list[InschrijvingView]
    links: list[VerwijzingView] = Field(description="De volgende pagina, als die er is.")


@router.post("/logboek/zoekvragen", responses=documented(400, 401, 403, 413, 503))
async def zoek_in_logboek(
    body: NieuweZoekvraag, context: Annotated[Context, may(Actie.LOGBOEK_ZOEKEN)], uses: Uses
) -> ZoekantwoordView:
    """Zoek in het logboek, de oudste inschrijving eerst. Dat u zoekt, wordt vastgelegd."""
    vraag = body.vraag(uses)
    if context.only is not None and (vraag.uitkomst or vraag.grond):
        raise ForbiddenError(_FULL)
    # A search is of the log as it was at the first page: our own line must not lengthen it.
    start, bound = numbers(body.cursor, 2) or (0, uses.zoeker.size())
    found = await uses.zoeker.page(
        vraag, only=context.only, start=start, bound=bound, limit=body.limiet
    )
    told = {"vraag_sha256": vraag.digest(), "vanaf": start, "aantal": len(found)}
    await uses.keeper.consult(context.beller, "logboek", told)
    links = []
    if len(found) == body.limiet:
        cursor = cursor_of(str(found[-1].line.index + 1), str(bound))
        links.append(VerwijzingView(rel="next", cursor=cursor))
    return ZoekantwoordView(
        inschrijvingen=[inschrijving_view(each.line, each.kant) for each in found], links=links
    )
