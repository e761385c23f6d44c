"""Reading a bundle at once: it accepts exactly what reading line by line accepts."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.bundles import encode_bundle
from audit.entry import Leaf, Soort, needs_stem, stem
from audit.errors import EntryError
from audit.forms import Lines, read_lines

KENMERK = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/~-]{0,30}", fullmatch=True)


@st.composite
def leaves(draw: st.DrawFn) -> bytes:
    """Make a leaf of the right form."""
    soort = draw(st.sampled_from(Soort))
    tail = f"/{soort}" if needs_stem(soort) else ""
    return Leaf(
        kenmerk=draw(KENMERK) + tail,
        merk=draw(st.from_regex(r"[A-Za-z0-9_-]{21}[AQgw]", fullmatch=True)),
        op=draw(st.datetimes()).isoformat(timespec="microseconds") + "Z",
        soort=soort,
        toezegging=draw(st.from_regex(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", fullmatch=True)),
    ).encode()


def one_by_one(bundle: list[bytes]) -> bool:
    """Tell whether each line is in order, by the slow way."""
    try:
        parsed = [Leaf.parse(data) for data in bundle]
    except EntryError:
        return False
    return all(stem(one.soort, one.kenmerk) for one in parsed if needs_stem(one.soort))


def at_once(bundle: list[bytes]) -> Lines | None:
    """Read a bundle."""
    return read_lines(encode_bundle(bundle), len(bundle))


@given(st.lists(leaves(), min_size=1, max_size=6))
def test_good_lines_are_read(bundle: list[bytes]) -> None:
    """Lines of the right form are read, column by column, as they are."""
    lines = at_once(bundle)
    parsed = [Leaf.parse(data) for data in bundle]

    assert lines is not None
    assert lines.leaves == tuple(bundle)
    assert lines.kenmerken == tuple(one.kenmerk.encode() for one in parsed)
    assert lines.ops == tuple(one.op[:-1].encode() for one in parsed)
    assert lines.soorten == tuple(one.soort.encode() for one in parsed)
    for one, found in zip(parsed, lines.stems, strict=True):
        if needs_stem(one.soort):
            assert found == f"{stem(one.soort, one.kenmerk)}/".encode()


@settings(max_examples=150)
@given(bundle=st.lists(leaves(), min_size=1, max_size=3), data=st.data())
def test_changed_line_is_judged_as_by_itself(bundle: list[bytes], data: st.DataObject) -> None:
    """Whatever byte is changed, taken out or put in: the bundle is in order when each line is."""
    which = data.draw(st.integers(0, len(bundle) - 1))
    place = data.draw(st.integers(0, len(bundle[which]) - 1))
    taken = data.draw(st.integers(0, 2))
    put = data.draw(st.sampled_from([b"", b'"', b"/", b"A", b"0", b",", b"\n", b"\xff", b"-"]))
    bundle[which] = bundle[which][:place] + put + bundle[which][place + taken :]

    assert (at_once(bundle) is not None) == one_by_one(bundle)


@example(kenmerk=b"/fout", soort=b"fout")
@example(kenmerk=b"x/y", soort=b"fout")
@example(kenmerk=b"a" * 200, soort=b"toetsing")
@example(kenmerk=b"a" * 201, soort=b"toetsing")
@example(kenmerk=b"a" * 196 + b"/fout", soort=b"fout")
@example(kenmerk=b"x//fout", soort=b"fout")
@example(kenmerk=b"", soort=b"toetsing")
@example(kenmerk=b"x", soort=b"sprookje")
@given(kenmerk=KENMERK.map(str.encode), soort=st.sampled_from(["fout", "inzage"]).map(str.encode))
def test_kenmerk_is_judged_as_by_itself(kenmerk: bytes, soort: bytes) -> None:
    """A kenmerk of any length and form is in order in a bundle when it is by itself."""
    leaf = (
        b'{"kenmerk":"%b","merk":"%b","op":"2026-11-20T09:00:00.000000Z","soort":"%b",'
        b'"toezegging":"%b","v":2}' % (kenmerk, b"A" * 22, soort, b"A" * 43)
    )

    assert (at_once([leaf]) is not None) == one_by_one([leaf])


def test_wrong_framing_is_refused() -> None:
    """Lengths that do not fit, bytes between lines and another count of lines are refused."""
    leaf = Leaf(
        kenmerk="x", merk="A" * 22, op="2026-11-20T09:00:00.000000Z", soort=Soort.INZAGE,
        toezegging="A" * 43,
    ).encode()  # fmt: skip
    good = encode_bundle([leaf, leaf])

    assert read_lines(good, 2) is not None
    for bad in (good[1:], good[:-1], good + b"x", b"x" + good, b"\0" + good[1:-1] + b"}x"):
        assert read_lines(bad, 2) is None
    assert read_lines(good, 1) is None
    assert read_lines(good, 3) is None
    assert read_lines(b"\xff" + good[1:], 2) is None
