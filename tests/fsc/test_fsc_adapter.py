"""A call through an Outway on the wire: what it carries, and what FSC may say back."""

import datetime as dt
import json
import re
import socket
from dataclasses import replace

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.brp import RAADPLEEG, BrpBron
from adapters.http import Verbinding
from broker.domain.fsc import CHANCE_BYTES, uuid7
from broker.domain.ports import Bevraging, BronError, BronFout
from broker.services.trace import fsc_transaction
from broker.sources import source_client
from tests.adapters.conftest import client
from tests.adapters.ruwe_bron import PERSOON
from tests.fsc.outway import DOORGANG, ITEM, KOPPELING, Outway, answer, outway, refusal

__all__ = ["client"]
BSN = "999993653"
VRAAG = replace(PERSOON, doorgang=DOORGANG)


async def error_of(source: Outway, client: httpx2.AsyncClient, vraag: Bevraging) -> BronError:
    """Ask, and return the error; it tells nothing about the subject."""
    with pytest.raises(BronError) as info:
        await source.source(client).bevraag(vraag)
    assert info.value.__context__ is None
    assert not re.search("geheim|999", info.value.melding + json.dumps(info.value.fsc))
    return info.value


async def test_call_carries_grant_transaction_and_trace(client: httpx2.AsyncClient) -> None:
    """An Outway that knows the grant passes the call, whose headers are those of the doorgang."""
    async with outway(KOPPELING["grant_hash"]) as found:
        answered = await found.source(client).bevraag(VRAAG)
        headers = found.bron.gezien[0].headers

    assert [gegeven.id for gegeven in answered.gegevens] == [ITEM["id"]]
    assert headers["fsc-grant-hash"] == KOPPELING["grant_hash"]
    assert headers["fsc-transaction-id"] == DOORGANG.transactie
    assert headers["traceparent"] == f"00-{DOORGANG.trace_id}-{DOORGANG.span_id}-01"
    assert headers["kenmerk"] == VRAAG.kenmerk


async def test_brp_is_called_through_it_too(client: httpx2.AsyncClient) -> None:
    """A question to the BRP carries the same headers."""
    async with outway() as found:
        found.answers.append(answer(200, {"type": RAADPLEEG, "personen": []}))
        brp = BrpBron(verbinding=found.bron.verbinding(client), organisatie="zaanstad-college")
        await brp.bevraag(VRAAG)
        headers = found.bron.gezien[0].headers

    assert headers["fsc-grant-hash"] == KOPPELING["grant_hash"]
    assert headers["fsc-transaction-id"] == DOORGANG.transactie


async def test_direct_call_carries_nothing_of_fsc(client: httpx2.AsyncClient) -> None:
    """Without a doorgang there is no header of FSC and no trace."""
    async with outway() as found:
        await found.source(client).bevraag(PERSOON)
        names = found.bron.gezien[0].headers.keys()

    assert [name for name in names if name.startswith("fsc-") or name == "traceparent"] == []


@pytest.mark.parametrize(
    ("status", "code", "domain", "fout", "told"),
    [
        (401, "ERROR_CODE_ACCESS_TOKEN_EXPIRED", "INWAY", "bron-geen-toegang", "EXPIRED, Inway)"),
        (401, "ACCESS_TOKEN_INVALID", "INWAY", "bron-geen-toegang", "(ACCESS_TOKEN_INVALID, In"),
        (403, "WRONG_GROUP_ID_IN_TOKEN", "INWAY", "bron-geen-toegang", "Inway"),
        (404, "SERVICE_NOT_FOUND", "INWAY", "bron-onbereikbaar", "Inway"),
        (502, "ERROR_CODE_SERVICE_UNREACHABLE", "INWAY", "bron-onbereikbaar", "Inway"),
        (405, "METHOD_UNSUPPORTED", "OUTWAY", "bron-weigert", "Outway"),
        (500, "TRANSACTION_LOG_WRITE_ERROR", "OUTWAY", "bron-onbereikbaar", "Outway"),
        (400, "MISSING_LOG_RECORD_ID", "INWAY", "bron-weigert", "Inway"),
        (400, "UNKNOWN_GRANT_HASH_IN_HEADER", "OUTWAY", "bron-geen-toegang", "Outway"),
        (422, "ERROR_CODE_INCORRECT_GROUP_ID", "MANAGER", "bron-geen-toegang", "Manager"),
    ],
)
async def test_error_of_fsc_is_told_by_its_code_and_place(
    client: httpx2.AsyncClient, status: int, code: str, domain: str, fout: str, told: str
) -> None:
    """A code of FSC becomes a BronFout, with the code and the component that gave it."""
    async with outway() as found:
        found.answers.append(refusal(status, code, f"ERROR_DOMAIN_{domain}"))
        error = await error_of(found, client, VRAAG)

    assert error.fout == fout
    assert told in error.melding
    assert error.fsc == {
        "error_code": code.removeprefix("ERROR_CODE_"),
        "error_domain": f"ERROR_DOMAIN_{domain}",
    }
    assert error.sent


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"geen JSON",
        b"[]",
        b'{"domain": "GEHEIM"}',
        b'{"domain": ["ERROR_DOMAIN_INWAY"]}',
        b'{"domain": "ERROR_DOMAIN_INWAY", "x": "' + b"x" * 9000 + b'"}',
    ],
)
async def test_body_that_does_not_tell_the_place_is_no_hindrance(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    """Whatever the body is, the code counts and only a place that FSC knows is told."""
    async with outway() as found:
        found.answers.append(answer(502, body, Fsc_Error_Code="SERVICE_UNREACHABLE"))
        error = await error_of(found, client, VRAAG)

    assert error.fsc == {"error_code": "SERVICE_UNREACHABLE"}
    assert "(SERVICE_UNREACHABLE)" in error.melding


async def test_error_of_fsc_whose_body_breaks_off_still_tells_its_code(
    client: httpx2.AsyncClient,
) -> None:
    """A connection that breaks in the body does not hide what the header said."""
    head = b"HTTP/1.1 502 X\r\nFsc-Error-Code: SERVICE_UNREACHABLE\r\nContent-Length: 99\r\n\r\n{"
    async with outway() as found:
        found.answers.append(head)
        error = await error_of(found, client, VRAAG)

    assert error.fsc == {"error_code": "SERVICE_UNREACHABLE"}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    code=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80)
    | st.sampled_from(["ERROR_CODE_", "JAN_JANSEN", "ERROR_CODE_JAN_JANSEN", "a" * 5000])
)
async def test_no_other_text_of_an_error_is_told(code: str) -> None:
    """Whatever else stands in the header, only that there was an error of FSC is told."""
    async with httpx2.AsyncClient(trust_env=False) as own, outway() as found:
        found.answers.append(answer(502, {}, Fsc_Error_Code=code))
        error = await error_of(found, own, VRAAG)

    assert error.fsc == {"error_code": "anders"}
    assert error.melding == "De bron heeft een storing. Probeer het later opnieuw."


async def test_error_without_a_doorgang_is_that_of_the_source(client: httpx2.AsyncClient) -> None:
    """A source that is called directly cannot speak for FSC."""
    async with outway() as found:
        found.answers.append(refusal(401, "ACCESS_TOKEN_EXPIRED"))
        error = await error_of(found, client, PERSOON)

    assert (error.fout, error.fsc) == (BronFout.GEEN_TOEGANG, {})
    assert "FSC" not in error.melding


@pytest.mark.parametrize("given_back", ["019a9f2e-0000-7d3e-8f00-0123456789ab", "x", ""])
async def test_answer_to_another_transaction_is_refused(
    client: httpx2.AsyncClient, given_back: str
) -> None:
    """An Outway that made its own number leaves us a record that nobody else knows."""
    async with outway() as found:
        found.answers.append(answer(200, {"gegevens": []}, Fsc_Transaction_Id=given_back))
        error = await error_of(found, client, VRAAG)

    assert error.fout == BronFout.ONBEGRIJPELIJK
    assert "ander nummer" in error.melding


@pytest.mark.parametrize("more", [{}, {"Fsc_Transaction_Id": DOORGANG.transactie.upper()}])
async def test_answer_to_the_same_transaction_or_to_none_is_taken(
    client: httpx2.AsyncClient, more: dict[str, str]
) -> None:
    """The number may come back in capitals, or not at all."""
    async with outway() as found:
        found.answers.append(answer(200, {"gegevens": []}, **more))

        assert (await found.source(client).bevraag(VRAAG)).gegevens == ()


async def test_error_of_fsc_with_a_good_status_is_no_answer(client: httpx2.AsyncClient) -> None:
    """What says both that it is well and that it is not, is not used."""
    async with outway() as found:
        for code, fout in (
            ("ACCESS_TOKEN_EXPIRED", "bron-geen-toegang"),
            ("X", "bron-onbegrijpelijk"),
        ):
            found.answers.append(answer(200, {"gegevens": []}, Fsc_Error_Code=code))
            assert (await error_of(found, client, VRAAG)).fout == fout


async def test_cookie_of_a_source_is_not_kept() -> None:
    """Sources behind one Outway share its address, and must not get what another one set."""
    async with source_client() as client, outway() as found:
        found.answers.append(answer(200, {"gegevens": []}, Set_Cookie="wie=een; Path=/"))
        for _ in range(2):
            await found.source(client).bevraag(VRAAG)

        assert not client.cookies
        assert "cookie" not in found.bron.gezien[1].headers


async def test_transaction_is_not_used_twice(client: httpx2.AsyncClient) -> None:
    """What may have passed the Outway is not repeated, also where a direct call would be."""
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n"
    async with outway() as found:
        found.answers += [broken] * 4
        for vraag, times in ((PERSOON, 2), (VRAAG, 1)):
            with pytest.raises(BronError):
                await found.source(client).treffer(vraag)
            assert len(found.bron.gezien) == times
            found.bron.gezien.clear()


async def test_outway_that_is_down_was_not_asked(client: httpx2.AsyncClient) -> None:
    """When no connection could be made the error says that nothing was sent."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        basis = f"http://127.0.0.1:{closed.getsockname()[1]}"
        verbinding = Verbinding(client=client, basis=basis, seconden=20.0)
        with pytest.raises(BronError) as info:
            await verbinding.post("/x", {}, kenmerk="b-1", doorgang=DOORGANG)

    assert (info.value.fout, info.value.sent) == (BronFout.ONBEREIKBAAR, False)


@given(
    moment=st.datetimes(
        dt.datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
        dt.datetime(9999, 12, 31),  # noqa: DTZ001
        timezones=st.just(dt.UTC),
    ),
    chance=st.binary(min_size=CHANCE_BYTES, max_size=CHANCE_BYTES),
)
def test_number_is_a_uuid_of_version_7(moment: dt.datetime, chance: bytes) -> None:
    """Of any moment and chance: the milliseconds come first, and all other bits are the chance."""
    made = uuid7(moment, chance)
    number = int(made.replace("-", ""), 16)
    free = (1 << 80) - 1 - (0xF << 76) - (0x3 << 62)

    assert fsc_transaction([made]) == made
    assert number >> 80 == (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(
        milliseconds=1
    )
    assert number & free == int.from_bytes(chance) & free
