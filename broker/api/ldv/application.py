"""`POST /ldv/v1/processing-activities`: the records of a trace, an activity or a subject.

A record says nothing of who asked. That it was read is itself a line of the log.
"""

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from broker.api import problems
from broker.api.context import Context, Services, Uses, may
from broker.api.middleware import NO_TELEMETRY
from broker.api.paging import Cursor, link_next, numbers
from broker.api.parameters import known_parameters
from broker.api.problems import documented
from broker.api.rollen import Actie
from broker.api.velden import StrictRoute
from broker.domain.ports import Identiteit
from broker.domain.pseudoniem import is_bsn
from broker.services.uitvoer.ldv import ACTIVITY, SUBJECT, SUBJECT_TYPE
from broker.services.uitvoer.ldv_lezen import Zoekvraag

MOUNT: Final = "/ldv"
PATH: Final = "/v1/processing-activities"
LIMIT: Final = 50
_HEX: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PSEUDONYM: Final = re.compile(r"[pr]-[a-z2-7]{52}", re.ASCII)
_KVK: Final = re.compile(r"[0-9]{8}", re.ASCII)
_PARENT: Final = "parentSpanId"
router = APIRouter(route_class=StrictRoute)
Limit = Annotated[int, Query(ge=1, le=200, description="Het aantal op één pagina.")]


class ProcessingActivityRequest(BaseModel):
    """What to read. At least one of trace, activity and subject, whatever else is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trace: str | None = Field(default=None, alias="traceId", max_length=36)
    activity: str | None = Field(default=None, alias=ACTIVITY, max_length=500)
    subject: str | None = Field(default=None, alias=SUBJECT, max_length=200, repr=False)
    subject_type: str | None = Field(default=None, alias=SUBJECT_TYPE, max_length=200)
    start: AwareDatetime | None = Field(default=None, alias="startTime")
    end: AwareDatetime | None = Field(default=None, alias="endTime")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        """Refuse a question that would open the whole log, and a trace of no form."""
        if self.trace is None and self.activity is None and self.subject is None:
            raise PydanticCustomError("ldv_zonder_vraag", "leeg", {"pointer": ""})
        if self.trace is not None and self.trace_id() is None:
            raise PydanticCustomError("ldv_trace", "trace", {"pointer": "/traceId"})
        return self

    def trace_id(self) -> str | None:
        """Return the trace as 32 hexadecimals, from either spelling; None when it has neither."""
        text = (self.trace or "").lower()
        plain = text.replace("-", "") if len(text) == len(str(uuid.UUID(int=0))) else text
        spelled = _HEX.fullmatch(plain) and text in {plain, str(uuid.UUID(plain))}
        return plain if spelled else None

    def sleutel(self, uses: Services) -> str | None:
        """Return the pseudonym of the subject; one that cannot be ours finds nothing."""
        given = self.subject
        if given is None or _PSEUDONYM.fullmatch(given):
            return given
        if is_bsn(given):
            return uses.pseudoniem.sleutel(Identiteit(bsn=given))
        if _KVK.fullmatch(given):
            return uses.pseudoniem.sleutel(Identiteit(kvk_nummer=given))
        return "onbekend"


@router.post(PATH, responses=documented(400, 401, 403, 503))
async def list_processing_activities(  # noqa: PLR0913, PLR0917 - a route
    request: Request,
    response: Response,
    body: ProcessingActivityRequest,
    context: Annotated[Context, may(Actie.LDV_LEZEN)],
    uses: Uses,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> dict[str, Any]:
    """Return the records that were asked for, a page at a time."""
    vraag = Zoekvraag(
        trace=body.trace_id() if body.trace else None,
        activity=body.activity,
        sleutel=body.sleutel(uses),
        since=body.start,
        until=body.end,
    )
    last = numbers(cursor, 1)
    page = await uses.ldv.read(
        context.beller, context.only, vraag, after=last[0] if last else None, limit=limit
    )
    if page.after is not None:
        link_next(request, response, (), 0, str(page.after))
    return {
        "metadata": await uses.ldv.metadata(),
        "processingActivities": [_view(record) for record in page.records],
    }


def install(app: FastAPI) -> None:
    """Put the extension into an app, which has the services in its state and the limits around."""
    ldv = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    ldv.state = app.state
    ldv.include_router(router, dependencies=[Depends(known_parameters)])
    problems.install(ldv, lambda _path: "POST")
    app.mount(MOUNT, ldv)


def _view(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record in the words of the extension: camel case, RFC 3339, a trace as UUID."""
    parent = record.get("parent_span_id")
    return {
        "traceId": str(uuid.UUID(record["trace_id"])),
        "spanId": record["span_id"],
        "status": record["status"],
        "name": record["name"],
        "startTime": _moment(record["start_time"]),
        "endTime": _moment(record["end_time"]),
        **({} if parent is None else {_PARENT: parent}),
        "resource": record["resource"],
        "attributes": record["attributes"],
    }


def _moment(milliseconds: int) -> str:
    moment = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
