"""Notes of viewers: what is allowed, what is not, and what becomes of those that are."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from scrimbox_recorder import folding, matches, notes
from scrimbox_recorder.folding import Folded
from scrimbox_recorder.matches import Sitting
from scrimbox_recorder.names import file_name, iso
from scrimbox_recorder.notes import Note, NoteError, clean, dump, load, parse

ID = "0123456789abcdef"
T0 = 1_600_000_000.0
WHERE = {"view": "alpha", "time": iso(T0 + 5)}
GOOD: list[dict[str, Any]] = [
    {"kind": "marker", **WHERE, "text": "lost the mid fight", "tag": "fight"},
    {"kind": "marker", **WHERE, "text": "", "tag": ""},
    {"kind": "marker", **WHERE},
    {"kind": "round", **WHERE, "text": ""},
    {"kind": "remove", "note": ID},
    {"kind": "clip", "views": ["alpha", "bravo"], "from": iso(T0), "to": iso(T0 + 600), "title": "Ace"},
    {"kind": "align", **WHERE, "offsets": {"alpha": 0, "bravo": -3_600_000}},
    {"kind": "label", **WHERE, "opponent": "Blue", "map": "Ice", "result": "13:7", "patch": "", "tags": ["scrim"]},
    {"kind": "label", **WHERE, "tags": []},
    {"kind": "title", **WHERE, "title": "x" * 200},
    {"kind": "pin", **WHERE, "pinned": False},
]
SEEN = "\U0001f469\u200d\U0001f680 \u2764\ufe0f na\u00efve \u6f22"
MARKER: dict[str, Any] = GOOD[0]


def note(data: object, author: str = "anna", note_id: str = ID, received: float = T0) -> Note:
    return parse(note_id, author, json.dumps(data).encode(), received)


@pytest.mark.parametrize("data", GOOD, ids=lambda data: data["kind"])
def test_every_kind_is_read_and_survives_being_kept(data: dict[str, Any]) -> None:
    found = note(data)
    assert (found.kind, found.author, found.received) == (data["kind"], "anna", T0)
    if data["kind"] != "remove":
        assert (found.view, found.time) == ("alpha", T0 if data["kind"] == "clip" else T0 + 5)
    else:
        found = Note(**{**found.__dict__, "view": "alpha", "time": T0})
    assert load(json.loads(json.dumps(dump(found)))) == found


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kind": "shout"}, "kind: allowed is marker, round"),
        ({"kind": ["marker"]}, "kind: allowed is"),
        ({"author": "bob"}, "allowed is exactly"),
        ({"view": "../../etc"}, "view: allowed is the id of a stream"),
        ({"view": "Alpha"}, "view: allowed is the id of a stream"),
        ({"view": 7}, "view: allowed is the id of a stream"),
        ({"view": None}, "view: allowed is the id of a stream"),
        ({"time": "2026-01-01"}, "time: allowed is UTC"),
        ({"time": 5}, "time: allowed is UTC"),
        ({"time": "2026-13-01T00:00:00.000Z"}, "time: allowed is UTC"),
        ({"text": "x" * 281}, "text: allowed is a text of at most 280"),
        ({"text": ["x"]}, "text: allowed is a text"),
        ({"tag": "x" * 25}, "tag: allowed is a text of at most 24"),
    ],
)
def test_a_marker_that_breaks_a_rule_is_refused_with_the_rule(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(NoteError, match=rule):
        note({**MARKER, **change})


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ({"kind": "remove", "note": "../x"}, "note: allowed is the ID"),
        ({"kind": "clip", "views": [], "from": iso(T0), "to": iso(T0), "title": ""}, "views: allowed is a list of 1"),
        ({"kind": "clip", "views": ["a"] * 2, "from": iso(T0), "to": iso(T0), "title": ""}, "views: give every stream"),
        (
            {"kind": "clip", "views": [f"a{n}" for n in range(10)], "from": iso(T0), "to": iso(T0), "title": ""},
            "views: allowed is a list of 1 to 9",
        ),
        ({"kind": "clip", "views": ["a"], "from": iso(T0), "to": iso(T0 + 601), "title": ""}, "to: allowed is"),
        ({"kind": "clip", "views": ["a"], "from": iso(T0), "to": iso(T0 - 1), "title": ""}, "to: allowed is"),
        ({"kind": "align", **WHERE, "offsets": {}}, "offsets: allowed is an object"),
        ({"kind": "align", **WHERE, "offsets": {"a": 3_600_001}}, "offsets: allowed are milliseconds"),
        ({"kind": "align", **WHERE, "offsets": {"a": True}}, "offsets: allowed are milliseconds"),
        ({"kind": "align", **WHERE, "offsets": {"a/b": 1}}, "offsets: allowed is the id"),
        ({"kind": "label", **WHERE}, "label: give at least one"),
        ({"kind": "label", **WHERE, "map": "x" * 81}, "map: allowed is a text of at most 80"),
        ({"kind": "label", **WHERE, "tags": ["x"] * 13}, "tags: allowed is a list of at most 12"),
        ({"kind": "title", **WHERE, "title": "x" * 201}, "title: allowed is a text of at most 200"),
        ({"kind": "pin", **WHERE, "pinned": 1}, "pinned: allowed is true or false"),
        ({"kind": "pin", **WHERE}, "pin: allowed is exactly"),
    ],
)
def test_other_kinds_that_break_a_rule_are_refused_with_the_rule(data: dict[str, Any], rule: str) -> None:
    with pytest.raises(NoteError, match=rule):
        note(data)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0" * 100,
        b"[]",
        b"null",
        b"7",
        b'{"kind":',
        b'{"kind":"marker","view":"alpha","time":NaN}',
        b"[" * 4000,
        b'{"a":' * 600,
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"x" * 4097,
        b'{"kind":"align","view":"a","time":"2026-01-01T00:00:00.000Z","offsets":{"a":1e999}}',
        b'{"kind":"align","view":"a","time":"2026-01-01T00:00:00.000Z","offsets":{"a":' + b"9" * 3900 + b"}}",
    ],
)
def test_what_is_no_note_at_all_is_refused_and_raises_nothing_else(text: bytes) -> None:
    with pytest.raises(NoteError):
        parse(ID, "anna", text, T0)


def spoilt(dice: random.Random) -> bytes:
    """One of the good notes with some of its values, keys or bytes changed."""
    data = dict(dice.choice(GOOD))
    values: list[Any] = [
        None,
        True,
        -1,
        1e308,
        "",
        "x" * 5000,
        "\ud800",
        [],
        [[]],
        {},
        {"": {}},
        "../x",
        iso(T0),
        ["a"] * 99,
    ]
    for _ in range(dice.randint(0, 2)):
        data[dice.choice([*data, "kind", "__class__", "note"])] = dice.choice(values)
    text = bytearray(json.dumps(data).encode())
    for _ in range(dice.randint(0, 3)):
        text[dice.randrange(len(text))] = dice.randrange(256)
    return bytes(text)


def test_thousands_of_spoilt_notes_are_refused_or_can_be_kept_and_read_again() -> None:
    dice = random.Random(20260101)
    taken = 0
    for _ in range(5000):
        text = spoilt(dice)
        try:
            found = parse(ID, "anna", text, T0)
        except NoteError:
            continue
        taken += 1
        if found.kind != "remove":
            again = load(json.loads(json.dumps(dump(found), ensure_ascii=False).encode()))
            assert again == found, text
            folded([again], [sitting("alpha", 0, 100, "team"), sitting("a", 0, None, "team")])
    assert 300 < taken < 4700


@pytest.mark.parametrize("bad", [None, [], "x", {}, {"id": ID}, {**dump(note(MARKER)), "kind": 5}])
def test_a_kept_note_that_was_spoilt_is_no_note(bad: object) -> None:
    with pytest.raises(NoteError):
        load(bad)


def test_a_message_about_a_note_holds_nothing_of_what_was_written() -> None:
    with pytest.raises(NoteError) as caught:
        note({**MARKER, "view": "SECRET", "SECRET": "SECRET"})
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("  ends  ", "ends"),
        ("turned \u202eround\u2066", "turned round"),
        ("\ud800half a letter", "half a letter"),
        ("\x1b[31mred\x07", "[31mred"),
        (
            "\U0001f469\u200d\U0001f680 \u2764\ufe0f na\u00efve \u6f22",
            "\U0001f469\u200d\U0001f680 \u2764\ufe0f na\u00efve \u6f22",
        ),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_what_cannot_be_seen_goes_and_what_can_stays(written: str, shown: str) -> None:
    assert clean(written) == shown
    assert note({**MARKER, "text": written}).rest["text"] == shown


def sitting(stream: str, started: float, ended: float | None, group: str = "", **rest: Any) -> Sitting:
    return Sitting(file_name(stream, int(T0 + started)), group, T0 + started, ended and T0 + ended, **rest)


def at(second: float, view: str = "alpha", kind: str = "marker", **rest: Any) -> Note:
    note_id = f"{abs(hash((second, view, kind, str(rest)))) & (1 << 64) - 1:016x}"
    received, group = rest.pop("received", second), rest.pop("group", "")
    return Note(note_id, "anna", kind, view, T0 + second, T0 + received, group, rest or {"text": "", "tag": ""})


def folded(written: list[Note], sittings: list[Sitting], clips: list[dict[str, Any]] | None = None) -> Folded:
    return folding.fold(written, sittings, matches.find(sittings), clips or [])


def moments(document: Any) -> list[tuple[str, float]]:
    return [(shown["view"], round(folding.iso_seconds(shown["time"]) - T0, 3)) for shown in document["notes"]]


def test_a_session_shows_the_notes_of_its_time_in_order() -> None:
    one, two = sitting("alpha", 0, 100), sitting("alpha", 500, None)
    found = folded([at(90), at(10), at(505), at(300), at(50, "bravo")], [one, two])
    assert moments(found.documents[one.file]) == [("alpha", 10), ("alpha", 90)]
    assert moments(found.documents[two.file]) == [("alpha", 505)]
    assert found.filled == {one.file, two.file}


def test_sessions_of_a_group_show_one_another_s_notes() -> None:
    one, two = sitting("alpha", 0, 100, "team"), sitting("bravo", 50, 150, "team")
    alone = sitting("cup", 0, 200)
    written = [at(20, group="team"), at(60, group="team"), at(120, "bravo", group="team"), at(60, "cup")]
    found = folded(written, [one, two, alone])
    assert moments(found.documents[one.file]) == [("alpha", 20), ("alpha", 60)]
    assert moments(found.documents[two.file]) == [("alpha", 60), ("bravo", 120)]
    assert moments(found.documents[alone.file]) == [("cup", 60)]


def test_of_every_label_the_newest_word_counts_for_the_whole_match() -> None:
    one, two = sitting("alpha", 0, 100, "team"), sitting("bravo", 50, 150, "team")
    written = [
        at(10, kind="label", map="Ice", opponent="Blue", received=1),
        at(140, "bravo", kind="label", map="Haven", tags=["a", "b"], received=3),
        at(20, kind="label", map="Split", patch="9.1", received=2),
        at(20, kind="label", opponent="", received=4),
    ]
    found = folded(written, [one, two])
    said = {"map": "Haven", "patch": "9.1", "tags": ["a", "b"]}
    assert found.labels == {one.file: said, two.file: said}
    assert list(found.of_matches.values()) == [said]


def test_labels_of_a_recording_of_its_own_are_its_own() -> None:
    one, two = sitting("alpha", 0, 100), sitting("alpha", 500, 600)
    found = folded([at(10, kind="label", map="Ice")], [one, two])
    assert found.labels == {one.file: {"map": "Ice"}}
    assert found.of_matches == {}
    assert found.documents[two.file]["labels"] == {}


def test_a_session_shows_the_clips_of_its_time_and_of_its_group() -> None:
    one, two = sitting("alpha", 0, 100, "team"), sitting("bravo", 0, 100, "team")
    alone, later = sitting("cup", 0, 100), sitting("alpha", 500, 600, "team")
    clip = {"id": ID, "view": "alpha", "from": iso(T0 + 10), "to": iso(T0 + 12)}
    found = folded([], [one, two, alone, later], [clip])
    assert [found.documents[file.file]["clips"] for file in (one, two, alone, later)] == [[clip], [clip], [], []]


def test_what_was_chosen_stands_in_the_document() -> None:
    one, two = sitting("alpha", 0, 100, title="Final", pinned=True), sitting("bravo", 0, 100)
    found = folded([], [one, two])
    assert (found.documents[one.file]["title"], found.documents[one.file]["pinned"]) == ("Final", True)
    assert (found.documents[two.file]["title"], found.documents[two.file]["pinned"]) == (None, False)
    assert found.filled == {one.file}


@pytest.mark.parametrize(
    ("second", "number"), [(-10, 0), (-11, None), (100, 0), (109, 0), (112, 1), (50, 0), (200, 1), (105, 0), (118, 1)]
)
def test_a_moment_belongs_to_the_session_that_it_is_in_or_next_to(second: float, number: int | None) -> None:
    both = [sitting("alpha", 0, 100), sitting("alpha", 120, None)]
    found = folding.sitting_of(both, "alpha", T0 + second)
    assert found is (None if number is None else both[number])
    assert folding.sitting_of(both, "bravo", T0 + second) is None


def test_a_note_is_needed_while_a_session_of_its_stream_or_group_has_its_moment() -> None:
    written = at(50, group="team")
    assert folding.needed(written, [sitting("alpha", 0, 100)])
    assert folding.needed(written, [sitting("bravo", 0, 100, "team")])
    assert not folding.needed(written, [sitting("bravo", 0, 100, "rivals"), sitting("alpha", 200, 300)])


def test_limits_are_those_that_the_page_is_told() -> None:
    assert (notes.TEXT, notes.TAG, notes.TITLE, notes.LABEL, notes.TAGS, notes.VIEWS) == (280, 24, 200, 80, 12, 9)
