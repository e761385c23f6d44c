"""Tells what was measured: one table for people, one file for machines."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

DECISION_AIM_US: Final = 200
DECISION_P99_AIM_US: Final = 600
OPA_AIM: Final = 4.0
GROWTH_AIM: Final = 1.10
RATIO_AIM: Final = 0.40
LOG_AIM_PRODUCERS: Final = 8
LOG_AIM: Final = 15_000
LOG_P99_AIM_US: Final = 3000
SHARED_AIM: Final = 10_000
SHARED_P99_AIM_US: Final = 15_000
VERIFY_AIM: Final = 500_000
PROOF_AIM_US: Final = 1000
SEARCH_P95_AIM_US: Final = 50_000
_MILLI: Final = 1000
_COLUMNS: Final = ("per seconde", "p50", "p99", "ernaast, per seconde", "p50", "p99", "verhouding")


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print everything as one table."""
    table = Table(title="Hoe snel is Sluis?", caption=_machine(found["machine"]))
    table.add_column("wat")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    _decision(table, found["decision"])
    table.add_section()
    for row in found["pipeline"]:
        beside = row["proxy"]
        name = f"vraag door beide deuren, {_clients(row['clients'])}; ernaast: kaal doorgeven"
        table.add_row(name, *_cells(row["broker"]), *_cells(beside), _percent(row["ratio"]))
    table.add_section()
    _log(table, found["log"])
    console.print(table)
    for row in found["pipeline"]:
        console.print(
            f"Erbij door de deuren, {_clients(row['clients'])}: "
            f"{_time(row['added_p50_us'])} (p50), {_time(row['added_p99_us'])} (p99); "
            f"verhouding per ronde van "
            f"{_percent(row['ratio_min'])} tot {_percent(row['ratio_max'])}."
        )
    if found["decision"]["opa"] is None:
        console.print("overgeslagen: de beslissing met OPA als server (opa staat niet op dit pad)")
    if found["log"]["postgresql"] is None:
        console.print("overgeslagen: het logboek op PostgreSQL (er is geen server te starten)")
    for sentence in aims(found):
        console.print(sentence)


def aims(found: Mapping[str, Any]) -> list[str]:
    """Return for each aim whether it is met."""
    told = _decision_aims(found["decision"])
    for row in found["pipeline"]:
        met = _met(row["ratio"] >= RATIO_AIM)
        told.append(
            f"Doel deuren, {_clients(row['clients'])}: minstens {_percent(RATIO_AIM)} van de kale "
            f"proxy. Gemeten {_percent(row['ratio'])}: {met}."
        )
    log = found["log"]
    return [*told, *_log_aims(log), *_shared_aims(log), *_large_aims(log["groot"])]


def _shared_aims(found: Mapping[str, Any]) -> list[str]:
    syncs, told = found["disk"]["per_second"], []
    for row in (found["postgresql"] or {"sluis": []})["sluis"]:
        name = f"logboek op PostgreSQL, {row['knopen']} knopen met elk {_clients(row['clients'])}"
        met = _met(row["per_second"] >= SHARED_AIM and row["p99_us"] <= SHARED_P99_AIM_US)
        told.append(
            f"Doel {name}: minstens {SHARED_AIM} regels per seconde, p99 hoogstens "
            f"{_time(SHARED_P99_AIM_US)}. Gemeten {row['per_second']:.0f} en "
            f"{_time(row['p99_us'])}: {met}. Per fsync van deze schijf: "
            f"{row['per_second'] / syncs:.1f} regels."
        )
    return told


def _large_aims(found: Mapping[str, Any]) -> list[str]:
    name = f"bij {found['lines']} regels"
    check, tenth = found["controle"], found["tiende"]
    speed, aim = check["per_core"], VERIFY_AIM
    few = f"{tenth['mebibytes']:.0f} MiB bij {tenth['lines']} regels"
    met = _met(speed >= aim)
    told = [f"Doel nakijken {name}: minstens {aim} per kern. Gemeten {speed:.0f}: {met}."]
    told.append(f"Geheugen bij nakijken: {few}, {check['mebibytes']:.0f} MiB {name}.")
    for what, part, key, aim in (
        ("bewijs", "bewijs", "p50_us", PROOF_AIM_US),
        ("zoeken op betrokkene", "zoeken", "p95_us", SEARCH_P95_AIM_US),
    ):
        value = found[part][key]
        told.append(
            f"Doel {what} {name}: {key[:3]} hoogstens {_time(aim)}. "
            f"Gemeten {_time(value)}: {_met(value <= aim)}."
        )
    return told


def _log_aims(found: Mapping[str, Any]) -> list[str]:
    told = []
    syncs = found["disk"]["per_second"]
    for row in found["sluis"]:
        name = f"logboek, {row['producers']} tegelijk"
        if row["producers"] == LOG_AIM_PRODUCERS:
            met = _met(row["per_second"] >= LOG_AIM and row["p99_us"] <= LOG_P99_AIM_US)
            told.append(
                f"Doel {name}: minstens {LOG_AIM} regels per seconde, p99 hoogstens "
                f"{_time(LOG_P99_AIM_US)}. Gemeten {row['per_second']:.0f} en "
                f"{_time(row['p99_us'])}: {met}."
            )
        told.append(f"Per fsync van deze schijf, {name}: {row['per_second'] / syncs:.1f} regels.")
    return told


def _decision_aims(found: Mapping[str, Any]) -> list[str]:
    ours, opa = found["sluis"], found["opa"]
    told = [
        f"Doel beslissing: {name} hoogstens {aim} µs. Gemeten {ours[key]} µs: "
        f"{_met(ours[key] <= aim)}."
        for name, key, aim in (
            ("p50", "p50_us", DECISION_AIM_US),
            ("p99", "p99_us", DECISION_P99_AIM_US),
        )
    ]
    if opa is not None:
        times = ours["per_second"] / opa["per_second"]
        told.append(
            f"Doel naast OPA: minstens {OPA_AIM:.0f} keer zo veel per seconde. "
            f"Gemeten {times:.1f} keer: {_met(times >= OPA_AIM)}."
        )
    told += [
        f"Doel bij een tien keer zo groot register, {name}: hoogstens {GROWTH_AIM - 1:.0%} "
        f"langzamer. Gemeten {row['ratio'] - 1:+.1%}: {_met(row['ratio'] <= GROWTH_AIM)}."
        for name, row in found["groei"].items()
        if row is not None
    ]
    return told


def _met(reached: bool) -> str:  # noqa: FBT001 - a word for yes or no
    return "gehaald" if reached else "niet gehaald"


def write(found: Mapping[str, Any], folder: Path, moment: dt.datetime) -> Path:
    """Write everything as JSON, in a file named after the day and the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{moment.date().isoformat()}-{found['machine']['cpus']}.json"
    target.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    return target


def _decision(table: Table, found: Mapping[str, Any]) -> None:
    ours, opa = found["sluis"], found["opa"]
    beside = ("-", "-", "-", "-") if opa is None else (*_cells(opa), _ratio(ours, opa))
    table.add_row("beslissing; ernaast: OPA als server", *_cells(ours), *beside)
    for name, row in found["groei"].items():
        if row is not None:
            cells = (*_cells(row["nu"]), *_cells(row["tienvoud"]), _percent(1 / row["ratio"]))
            table.add_row(f"beslissing, {name}; ernaast: register tien keer zo groot", *cells)


def _log(table: Table, found: Mapping[str, Any]) -> None:
    bare = found["sqlite"]
    for row in found["sluis"]:
        name = f"regel in het logboek, {row['producers']} tegelijk; ernaast: kale SQLite"
        table.add_row(name, *_cells(row), *_cells(bare), _ratio(row, bare))
    alone = ("-", "-", "-", "-")
    table.add_row("de schijf zelf: 4 KiB en fsync", *_cells(found["disk"]), *alone)
    shared = found["postgresql"] or {"sluis": []}
    for row in shared["sluis"]:
        name = f"PostgreSQL, {row['knopen']} knopen, elk {_clients(row['clients'])}"
        beside = (*_cells(shared["kaal"]), _ratio(row, shared["kaal"]))
        table.add_row(f"{name}; ernaast: kale regel", *_cells(row), *beside)
    table.add_section()
    large = found["groot"]
    checked, bare_hash = large["controle"]["per_core"], large["kaal"]["per_second"]
    cells = (f"{checked:,.0f}", "-", "-", f"{bare_hash:,.0f}", "-", "-")
    ratio = _percent(checked / bare_hash)
    table.add_row("regel nakijken, op één processor; ernaast: alleen hashen", *cells, ratio)
    for name, key in (("bewijs van een regel", "bewijs"), ("zoeken op betrokkene", "zoeken")):
        table.add_row(f"{name}, bij {large['lines']} regels", *_cells(large[key]), *alone)


def _cells(row: Mapping[str, float]) -> tuple[str, str, str]:
    return f"{row['per_second']:,.0f}", _time(row["p50_us"]), _time(row["p99_us"])


def _ratio(ours: Mapping[str, float], beside: Mapping[str, float]) -> str:
    return _percent(ours["per_second"] / beside["per_second"])


def _percent(ratio: float) -> str:
    return f"{ratio:.0%}"


def _time(microseconds: float) -> str:
    if abs(microseconds) < _MILLI:
        return f"{microseconds:.0f} µs"
    return f"{microseconds / _MILLI:.2f} ms"


def _clients(count: int) -> str:
    return "1 vrager" if count == 1 else f"{count} vragers"


def _machine(machine: Mapping[str, Any]) -> str:
    return (
        f"{machine['cpus']} processors, {machine['platform']}, Python {machine['python']}; "
        f"alles op dit apparaat, in één meting"
    )
