"""Review together: from a viewer's note in the inbox to the review document, and whatever may come in between."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from recorder_yard import EPOCH, Yard, flv
from scrimbox_recorder import choices, cleanup, inbox, review
from scrimbox_recorder.names import iso
from scrimbox_recorder.retention import DAY

DOTS = itertools.count(1)
NOBODY = f"Eve.{'0' * 16}.json"
KINDS = "marker, round, remove, clip, align, label, title, pin"


def put(yard: Yard, data: object, author: str = "anna", note_id: str = "") -> str:
    """What the write service does. The note's ID."""
    note_id = note_id or secrets.token_hex(8)
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    path = yard.config.inbox / f"{author}.{note_id}.json"
    path.write_bytes(text)
    # The clock of the tests' file system is too coarse for two notes of one instant.
    os.utime(path, ns=(next(DOTS), next(DOTS)))
    return note_id


def marker(yard: Yard, text: str = "here", view: str = "cup", ago: float = 1.0) -> dict[str, Any]:
    return {"kind": "marker", "view": view, "time": iso(yard.wall - ago), "text": text, "tag": ""}


def shown(yard: Yard, stream: str = "cup") -> dict[str, Any]:
    """The review document that the stream's state document points to."""
    document = yard.document(stream)
    address = document["live"]["review"] if document["live"] else document["replays"][0]["review"]
    path = yard.config.shown / address.rpartition("/")[2]
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def texts(yard: Yard, stream: str = "cup") -> list[str]:
    return [note["text"] for note in shown(yard, stream)["notes"]]


def refused(yard: Yard) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(yard.config.refused.iterdir())]


def kept(yard: Yard) -> set[str]:
    return {str(path.relative_to(yard.config.notes)) for path in yard.config.notes.rglob("*.json")}


def live(yard: Yard, stream: str = "cup") -> str:
    """A stream that has been live for ten seconds, and will have a replay of thirty. Its recording."""
    name: str = yard.publish(stream, flv(750))
    yard.segment(stream)
    yard.later(10)
    return name


def over(yard: Yard, *names: str) -> None:
    """The publishers go, and their replays are made."""
    for name in names:
        yard.hang_up(name)
    yard.later(130, every=10)
    yard.finalise()
    yard.later(3)


def test_a_live_session_has_a_review_document_from_its_first_moment(yard: Yard) -> None:
    live(yard)
    document = shown(yard)
    assert (document["notes"], document["labels"], document["clips"]) == ([], {}, [])
    assert (document["title"], document["pinned"]) == (None, False)
    assert yard.document()["live"]["review"] == f"/review/{document['file']}.json"


def test_a_marker_is_shown_after_one_pass_and_stays_from_live_to_replay_at_the_same_address(yard: Yard) -> None:
    name = live(yard)
    note_id = put(yard, marker(yard, "lost the mid fight"))
    yard.later(1.5)
    expected = {
        "id": note_id,
        "author": "anna",
        "kind": "marker",
        "view": "cup",
        "time": iso(EPOCH + 9),
        "text": "lost the mid fight",
        "tag": "",
    }
    assert shown(yard)["notes"] == [expected]
    before = yard.document()["live"]["review"]
    yard.hang_up(name)
    yard.later(130, every=10)
    assert (yard.state(), yard.document()["live"]["review"], shown(yard)["notes"]) == ("processing", before, [expected])
    yard.finalise()
    yard.later(3)
    assert (yard.state(), yard.document()["replays"][0]["review"]) == ("replay", before)
    assert shown(yard)["notes"] == [expected]
    assert kept(yard) == {f"cup/{note_id}.json"}
    assert list(yard.config.inbox.iterdir()) == refused(yard) == []


@pytest.mark.parametrize("folder", ["inbox", "cutting", "clips"])
def test_what_somebody_waits_for_is_news_until_a_pass_has_seen_it(yard: Yard, folder: str) -> None:
    live(yard)
    yard.recorder.run()
    assert not yard.recorder.has_news()
    (getattr(yard.config, folder) / ".new").write_text("x", encoding="ascii")
    assert yard.recorder.has_news()
    yard.recorder.run()
    assert not yard.recorder.has_news()


def test_without_the_folders_of_the_review_there_is_no_news(yard: Yard) -> None:
    live(yard)
    yard.recorder.run()
    shutil.rmtree(yard.config.vod)
    yard.recorder.run()
    assert not yard.recorder.has_news()


def test_a_marker_in_a_replay_and_one_before_its_publisher_returned(yard: Yard) -> None:
    over(yard, live(yard))
    assert yard.document()["replays"][0]["review"] is None
    put(yard, {**marker(yard, "much later"), "time": iso(EPOCH + 3)})
    yard.later(1.5)
    assert texts(yard) == ["much later"]


def test_two_people_who_write_at_once_lose_nothing(yard: Yard) -> None:
    live(yard)
    for number in range(40):
        put(yard, marker(yard, f"a{number}"), "anna")
        put(yard, marker(yard, f"b{number}"), "ben")
    yard.later(1.5)
    assert sorted(texts(yard)) == sorted(f"{who}{number}" for who in "ab" for number in range(40))
    assert {note["author"] for note in shown(yard)["notes"]} == {"anna", "ben"}


def test_the_author_is_the_name_of_the_file_whatever_the_note_says(yard: Yard) -> None:
    live(yard)
    put(yard, {**marker(yard), "author": "ben"})
    yard.later(1.5)
    assert shown(yard)["notes"] == []
    assert refused(yard)[0]["reason"].startswith("marker: allowed is exactly")


def test_a_note_that_comes_again_changes_nothing_and_another_author_cannot_take_its_id(yard: Yard) -> None:
    live(yard)
    note_id = put(yard, marker(yard, "first"))
    yard.later(1.5)
    put(yard, marker(yard, "again"), note_id=note_id)
    yard.later(1.5)
    put(yard, marker(yard, "once more"), note_id=note_id)
    put(yard, marker(yard, "mine now"), "ben", note_id)
    yard.later(1.5)
    assert texts(yard) == ["first"]
    assert [report["reason"] for report in refused(yard)] == ["another author has a note of this ID"]
    assert list(yard.config.inbox.iterdir()) == []


def test_own_notes_can_be_taken_back_and_nobody_else_s(yard: Yard) -> None:
    live(yard)
    mine, other = put(yard, marker(yard, "mine")), put(yard, marker(yard, "other"), "ben")
    yard.later(1.5)
    put(yard, {"kind": "remove", "note": mine})
    put(yard, {"kind": "remove", "note": other})
    put(yard, {"kind": "remove", "note": "f" * 16})
    yard.later(1.5)
    assert texts(yard) == ["other"]
    assert {report["reason"] for report in refused(yard)} == {"note: there is none of this ID that is yours"}
    put(yard, marker(yard, "mine"), note_id=mine)
    yard.restart()
    yard.later(1.5)
    assert texts(yard) == ["other"]


def test_a_note_taken_back_before_its_pass_is_never_shown(yard: Yard) -> None:
    live(yard)
    note_id = put(yard, marker(yard))
    put(yard, {"kind": "remove", "note": note_id})
    yard.later(1.5)
    assert texts(yard) == []
    assert refused(yard) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"view": "nobody"}, "view, time: there is no recording of this stream at this time"),
        ({"time": iso(EPOCH - 60)}, "view, time: there is no recording of this stream at this time"),
        ({"time": iso(EPOCH + 3600)}, "time: it lies ahead"),
        ({"text": "x" * 281}, "text: allowed is a text of at most 280 characters"),
    ],
)
def test_what_is_not_allowed_is_set_aside_with_the_reason(yard: Yard, change: dict[str, Any], reason: str) -> None:
    live(yard)
    put(yard, {**marker(yard), **change})
    yard.later(1.5)
    (report,) = refused(yard)
    assert report["reason"] == reason
    assert report["name"].startswith("anna.")
    assert texts(yard) == []


def test_bad_files_are_set_aside_and_the_good_one_between_them_counts(yard: Yard, tmp_path: Path) -> None:
    live(yard)
    folder = yard.config.inbox
    (tmp_path / "secret").write_text("{}", encoding="ascii")
    (folder / f"eve.{'0' * 16}.json").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / f"eve.{'1' * 16}.json")
    (folder / f"eve.{'2' * 16}.json").mkdir()
    (folder / f"eve.{'3' * 16}.json").write_bytes(b"x" * 5_000_000)
    (folder / f"eve.{'4' * 16}.json").write_bytes(b"[" * 4000)
    (folder / f"eve.{'5' * 16}.json").write_bytes(b"\xff\xfe\xed\xa0\x80")
    (folder / f"eve.{'6' * 16}.json").write_bytes(b"")
    for name in (
        "eve.json",
        "eve.A123456789abcdef.json",
        "..json",
        "eve.\n.json",
        "no note",
        "Eve.%s.json" % ("0" * 16),
    ):
        (folder / name).write_text(json.dumps(marker(yard)), encoding="ascii")
    os.close(os.open(os.fsencode(folder) + b"/eve.\xff\xfe.json", os.O_CREAT | os.O_WRONLY))
    put(yard, marker(yard, "good"))
    yard.later(6)
    assert texts(yard) == ["good"]
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {f"eve.{'2' * 16}.json"}
    assert (tmp_path / "secret").read_text(encoding="ascii") == "{}"
    assert {report["reason"] for report in refused(yard)} == {
        "it is no file",
        "it is larger than 4096 bytes",
        "it is no JSON in UTF-8",
        "its name is not ID.json, ID being 16 of 0-9 a-f",
    }
    assert max(path.stat().st_size for path in yard.config.refused.iterdir()) < 30_000


def test_what_nginx_is_copying_is_left_alone_and_what_it_was_killed_over_goes(yard: Yard) -> None:
    live(yard)
    fresh, old = (yard.config.inbox / f"anna.{digit * 16}.json.0000000001" for digit in "12")
    for path, age in ((fresh, 0), (old, 3600)):
        path.write_text(json.dumps(marker(yard)), encoding="ascii")
        os.utime(path, (yard.wall - age, yard.wall - age))
    yard.later(3)
    assert list(yard.config.inbox.iterdir()) == [fresh]
    fresh.rename(fresh.with_name(f"anna.{'1' * 16}.json"))
    yard.later(3)
    assert texts(yard) == ["here"]


def test_the_journal_says_once_that_somebody_s_notes_are_refused_and_none_of_their_words(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    live(yard)
    caplog.clear()
    for number in range(5):
        put(yard, {"kind": f"S3CRET{number}"}, "eve")
    yard.later(1.5)
    said = {record.getMessage() for record in caplog.records}
    assert said == {f"review: notes of eve are refused: kind: allowed is {KINDS}"}


def test_of_refused_notes_the_newest_are_kept_and_no_more(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "REFUSED", 5)
    live(yard)
    for number in range(12):
        put(yard, {"number": number})
        yard.later(1.5)
    assert [json.loads(report["text"])["number"] for report in refused(yard)] == [7, 8, 9, 10, 11]


def test_a_flood_keeps_no_pass_waiting_and_ends_at_the_limit_of_one_author(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "EACH", 150)
    live(yard)
    for number in range(250):
        put(yard, marker(yard, str(number)), "eve")
    put(yard, marker(yard, "mine"), "anna")
    yard.later(1.5)
    assert len(texts(yard)) == inbox.MOST
    yard.later(6)
    assert len(texts(yard)) == 151
    assert texts(yard).count("mine") == 1
    assert list(yard.config.inbox.iterdir()) == []
    assert {report["reason"] for report in refused(yard)} == {"allowed are 150 notes of one author to one recording"}


def test_notes_of_a_group_are_in_the_documents_of_all_its_sessions(grouped: Yard) -> None:
    names = [live(grouped, "alpha"), live(grouped, "bravo")]
    put(grouped, marker(grouped, "alpha's", "alpha"))
    put(grouped, marker(grouped, "before bravo", "alpha", ago=11))
    put(grouped, {"kind": "round", "view": "bravo", "time": iso(grouped.wall), "text": ""})
    grouped.later(1.5)
    assert texts(grouped, "alpha") == ["before bravo", "alpha's", ""]
    assert texts(grouped, "bravo") == ["before bravo", "alpha's", ""]
    over(grouped, *names)
    assert texts(grouped, "alpha") == ["before bravo", "alpha's", ""]


def test_labels_are_in_the_documents_of_the_match_and_in_the_index(grouped: Yard) -> None:
    names = [live(grouped, "alpha"), live(grouped, "bravo")]
    where = {"kind": "label", "view": "alpha", "time": iso(grouped.wall)}
    put(grouped, {**where, "opponent": "Blue", "tags": ["scrim"]})
    grouped.later(1.5)
    put(grouped, {**where, "opponent": "Red"}, "ben")
    grouped.later(1.5)
    labels = {"opponent": "Red", "tags": ["scrim"]}
    assert shown(grouped, "bravo")["labels"] == labels
    assert grouped.document("index")["matches"][0]["labels"] == labels
    over(grouped, *names)
    index = grouped.document("index")
    assert [replay["labels"] for replay in index["replays"]] == [labels, labels]
    assert index["matches"][0]["labels"] == labels


@pytest.mark.parametrize("finished", [False, True], ids=["live", "replay"])
def test_title_and_pin_from_the_page_are_what_the_operator_can_choose_too(yard: Yard, finished: bool) -> None:
    name = live(yard)
    if finished:
        over(yard, name)
    where = {"view": "cup", "time": iso(EPOCH + 5)}
    put(yard, {"kind": "title", **where, "title": "Final\u202e"})
    put(yard, {"kind": "pin", **where, "pinned": True})
    yard.later(3)
    if not finished:
        over(yard, name)
    (replay,) = yard.document("index")["replays"]
    assert (replay["title"], replay["pinned"], replay["expires"]) == ("Final", True, None)
    assert (shown(yard)["title"], shown(yard)["pinned"]) == ("Final", True)
    choices.save(yard.disk, yard.config.recordings, replay["file"], choices.NONE)
    yard.restart()
    yard.later(3)
    (replay,) = yard.document("index")["replays"]
    assert (replay["title"], replay["pinned"]) == ("The cup", False)


def test_alignment_moves_the_sessions_that_have_the_moment_and_only_these(grouped: Yard) -> None:
    first = live(grouped, "bravo")
    over(grouped, first)
    live(grouped, "alpha"), live(grouped, "bravo")
    put(grouped, {"kind": "align", "view": "alpha", "time": iso(grouped.wall), "offsets": {"alpha": 0, "bravo": -740}})
    grouped.later(1.5)
    (match,) = grouped.document("index")["matches"]
    assert {session["id"]: session["alignment_ms"] for session in match["sessions"]} == {"alpha": 0, "bravo": -740}
    bravo = grouped.document("bravo")
    assert (bravo["live"]["alignment_ms"], bravo["replays"][0]["alignment_ms"]) == (-740, 0)


def test_an_idle_server_s_pass_reads_and_writes_nothing(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    live(yard)
    put(yard, marker(yard))
    yard.later(6)
    yard.steps.clear()
    monkeypatch.setattr(review, "fold", lambda *given: pytest.fail("folded anew"))
    monkeypatch.setattr(inbox.Inbox, "_read", lambda *given: pytest.fail("read"))
    yard.later(6)
    assert yard.steps == []


def test_a_review_that_cannot_be_written_harms_no_recording(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    live(yard)
    put(yard, marker(yard, "waits"))
    moved = yard.config.review.rename(yard.config.review.with_name("away"))
    yard.later(6)
    assert yard.state() in {"live", "interrupted"}
    assert not yard.document("index")["disk"]["refusing"]
    assert any("review" in record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR)
    moved.rename(yard.config.review)
    yard.later(3)
    assert texts(yard) == ["waits"]


def test_a_full_disk_leaves_the_notes_in_the_inbox(yard: Yard) -> None:
    live(yard)
    put(yard, marker(yard, "waits"))

    def full(number: int, step: str) -> None:
        if "/notes" in step or step.startswith("mkdir"):
            raise OSError(28, "No space left on device")

    yard.at_step = full
    yard.later(3)
    assert len(list(yard.config.inbox.iterdir())) == 1
    yard.at_step = lambda number, step: None
    yard.later(3)
    assert texts(yard) == ["waits"]


def test_killed_after_any_step_nothing_is_lost_and_nothing_doubled(grouped: Yard) -> None:
    live(grouped, "alpha"), live(grouped, "bravo")
    target = put(grouped, marker(grouped, "goes", "alpha"))
    grouped.later(1.5)
    where = {"view": "alpha", "time": iso(grouped.wall)}
    notes = [
        marker(grouped, "stays", "alpha"),
        {"kind": "remove", "note": target},
        {"kind": "label", **where, "map": "Ice"},
        {"kind": "title", **where, "title": "Final"},
        {"kind": "align", **where, "offsets": {"bravo": 120}},
        {"kind": "marker", **where, "text": "x" * 999},
    ]
    for data in notes:
        put(grouped, data)
    for step in itertools.count(1):
        with grouped.dying_at(step):
            grouped.later(3)
        done = len(grouped.steps) < step
        grouped.restart()
        if done:
            break
    grouped.later(3)
    assert texts(grouped, "bravo") == ["stays"]
    document = shown(grouped, "alpha")
    assert (document["labels"], document["title"]) == ({"map": "Ice"}, "Final")
    assert grouped.document("bravo")["live"]["alignment_ms"] == 120
    assert [path.name for path in grouped.config.inbox.iterdir()] == []
    assert len({report["name"] for report in refused(grouped)}) == 1


def test_after_a_restart_all_is_as_it_was(grouped: Yard) -> None:
    names = [live(grouped, "alpha"), live(grouped, "bravo")]
    put(grouped, marker(grouped, "one", "alpha"))
    put(grouped, {"kind": "label", "view": "bravo", "time": iso(grouped.wall), "map": "Ice"})
    grouped.later(3)
    over(grouped, *names)
    before = grouped.tree()
    grouped.steps.clear()
    grouped.restart()
    grouped.later(3)
    assert grouped.tree() == before
    assert grouped.steps == []


def test_a_document_that_was_deleted_is_written_again_and_one_of_nobody_goes(yard: Yard) -> None:
    live(yard)
    put(yard, marker(yard))
    yard.later(3)
    file = shown(yard)["file"]
    (yard.config.shown / f"{file}.json").unlink()
    (yard.config.shown / "gone-20200101T000000Z.json").write_text("{}", encoding="ascii")
    yard.later(3)
    assert [path.name for path in yard.config.shown.iterdir()] == [f"{file}.json"]
    assert texts(yard) == ["here"]


def test_a_spoilt_note_on_the_disk_is_passed_over_and_a_restored_one_counts(yard: Yard) -> None:
    over(yard, live(yard))
    note_id = put(yard, {**marker(yard, "restored"), "time": iso(EPOCH + 3)})
    yard.later(3)
    path = yard.config.notes / "cup" / f"{note_id}.json"
    text = path.read_bytes()
    path.write_bytes(b"\0" * len(text))
    yard.restart()
    yard.later(3)
    assert yard.document()["replays"][0]["review"] is None
    path.unlink()
    yard.restart()
    yard.later(3)
    path.write_bytes(text)
    yard.restart()
    yard.later(3)
    assert texts(yard) == ["restored"]


def forget(yard: Yard, *, days: float = 0.0, **settings: Any) -> list[str]:
    """What a clean-up after so many days would say, and does."""
    config = dataclasses.replace(yard.config, keep_replays=0, **settings)
    found = cleanup.plan(config, yard.wall + days * DAY)
    cleanup.carry_out(found, yard.disk)
    yard.later(3)
    return cleanup.describe(found, 0)


def test_notes_go_with_their_recording_and_no_others(yard: Yard) -> None:
    over(yard, live(yard))
    first = put(yard, {**marker(yard, "first"), "time": iso(EPOCH + 3)})
    yard.later(3)
    over(yard, live(yard))
    second = put(yard, {**marker(yard, "second"), "time": yard.document()["replays"][0]["started"]})
    yard.later(3)
    assert kept(yard) == {f"cup/{first}.json", f"cup/{second}.json"}
    newest = cleanup.replays(yard.config)[-1]
    said = forget(yard, retention_bytes=newest.size)
    assert kept(yard) == {f"cup/{second}.json"}
    assert [path.name for path in yard.config.shown.iterdir()] == [f"{shown(yard)['file']}.json"]
    assert texts(yard) == ["second"]
    assert f"{yard.config.notes}/cup  1 file(s), 0.0 MB: written about a recording that goes" in said


def test_notes_of_a_match_stay_while_any_of_its_recordings_does(grouped: Yard) -> None:
    first = live(grouped, "alpha")
    grouped.later(8)
    names = [first, live(grouped, "bravo")]
    put(grouped, marker(grouped, "stays", "alpha", ago=2))
    gone = put(grouped, marker(grouped, "goes", "alpha", ago=26))
    grouped.later(3)
    over(grouped, *names)
    assert texts(grouped, "bravo") == ["stays"]
    (grouped.config.recordings / f"{grouped.document('bravo')['replays'][0]['file']}.choices.json").write_text(
        '{"pinned":true}', encoding="ascii"
    )
    grouped.later(3)
    forget(grouped, days=60, retention_bytes=1)
    assert grouped.state("alpha") == "offline"
    assert texts(grouped, "bravo") == ["stays"]
    assert not [name for name in kept(grouped) if gone in name]


@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_notes_of_a_recording_that_was_lost_wait_for_it_a_month(yard: Yard, days: int, stays: bool) -> None:
    over(yard, live(yard))
    put(yard, {**marker(yard), "time": iso(EPOCH + 3)})
    yard.later(3)
    for path in yard.config.recordings.glob("cup-*"):
        path.unlink()
    yard.later(3)
    forget(yard, days=days)
    assert bool(kept(yard)) is stays


def test_notes_of_what_is_live_or_being_made_stay_whatever_retention_says(yard: Yard) -> None:
    name = live(yard)
    put(yard, marker(yard))
    yard.later(3)
    forget(yard, days=99, retention_bytes=1)
    assert texts(yard) == ["here"]
    yard.hang_up(name)
    yard.later(130, every=10)
    assert yard.state() == "processing"
    forget(yard, days=99, retention_bytes=1)
    assert texts(yard) == ["here"]


def test_the_guard_s_deletions_take_notes_along(yard: Yard) -> None:
    over(yard, live(yard))
    put(yard, {**marker(yard), "time": iso(EPOCH + 3)})
    yard.later(3)
    config = dataclasses.replace(yard.config, keep_replays=0)
    assert cleanup.make_room(config, yard.disk, 1e12, yard.wall)
    assert kept(yard) == set()


def test_a_clean_up_works_without_any_review(yard: Yard) -> None:
    over(yard, live(yard))
    shutil.rmtree(yard.config.review)
    forget(yard, retention_bytes=1)
    assert list(yard.config.recordings.glob("cup-*")) == []


def clip(yard: Yard, *views: str, ago: float = 5.0, seconds: float = 3.0, title: str = "Ace") -> dict[str, Any]:
    began = yard.wall - ago
    return {"kind": "clip", "views": list(views), "from": iso(began), "to": iso(began + seconds), "title": title}


def ordered(yard: Yard) -> dict[str, Any]:
    """Orders of clips by view."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in yard.config.cutting.glob("*.json")]
    return {order["view"]: order for order in found}


def test_a_clip_is_ordered_once_per_view_each_on_its_own_clock_and_shown_as_waiting(grouped: Yard) -> None:
    live(grouped, "alpha"), live(grouped, "bravo")
    align = {"kind": "align", "view": "alpha", "time": iso(grouped.wall), "offsets": {"alpha": 100, "bravo": -400}}
    put(grouped, align)
    grouped.later(3)
    began = grouped.wall - 5
    note_id = put(grouped, clip(grouped, "alpha", "bravo"))
    grouped.later(3)
    orders = ordered(grouped)
    assert {view: round(order["start"] - began, 3) for view, order in orders.items()} == {"alpha": 0, "bravo": 0.5}
    assert {round(order["end"] - order["start"], 3) for order in orders.values()} == {3.0}
    (match,) = grouped.document("index")["matches"]
    assert {order["match"] for order in orders.values()} == {match["id"]}
    shown_clips = [(one["id"], one["view"], one["state"], one["author"]) for one in shown(grouped, "bravo")["clips"]]
    assert shown_clips == [(note_id, "alpha", "waiting", "anna"), (note_id, "bravo", "waiting", "anna")]


def test_a_clip_of_a_view_that_was_not_there_is_refused_and_nothing_is_cut(grouped: Yard) -> None:
    live(grouped, "alpha")
    put(grouped, clip(grouped, "alpha", "bravo"))
    put(grouped, clip(grouped, "alpha", ago=600))
    grouped.later(3)
    assert ordered(grouped) == {}
    assert {report["reason"] for report in refused(grouped)} == {
        "views, from, to: there is no recording of each of these streams at this time"
    }


def test_a_clip_is_taken_back_by_its_author_alone_even_when_its_recording_has_gone(yard: Yard) -> None:
    over(yard, live(yard))
    data = {**clip(yard, "cup"), "from": iso(EPOCH + 3), "to": iso(EPOCH + 5)}
    first, second = put(yard, data), put(yard, data)
    yard.later(3)
    assert len(list(yard.config.cutting.glob("*.json"))) == 2
    put(yard, {"kind": "remove", "note": first}, "ben")
    yard.later(3)
    assert len(shown(yard)["clips"]) == 2
    put(yard, {"kind": "remove", "note": first})
    yard.later(3)
    assert [one["id"] for one in shown(yard)["clips"]] == [second]
    forget(yard, retention_bytes=1)
    assert kept(yard) == set()
    put(yard, {"kind": "remove", "note": second}, "ben")
    yard.later(3)
    assert len(list(yard.config.cutting.glob("*.json"))) == 1
    put(yard, {"kind": "remove", "note": second})
    yard.later(3)
    assert list(yard.config.cutting.glob("*.json")) == []


def test_one_author_orders_so_many_clips_of_a_recording_and_no_more(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "CLIPS_EACH", 2)
    live(yard)
    for _ in range(4):
        put(yard, clip(yard, "cup"))
    yard.later(3)
    assert len(list(yard.config.cutting.glob("*.json"))) == 2
    assert {report["reason"] for report in refused(yard)} == {"allowed are 2 clips of one author from one recording"}


def test_a_clip_ordered_by_a_pass_that_was_killed_is_ordered_once(yard: Yard) -> None:
    live(yard)
    put(yard, clip(yard, "cup"))
    for step in range(1, 12):
        with yard.dying_at(step):
            yard.later(1.5)
        yard.restart()
    yard.later(3)
    assert len(list(yard.config.cutting.glob("*.json"))) == 1
    assert list(yard.config.inbox.iterdir()) == []


def test_whatever_stands_in_the_files_passes_go_on(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    file = f"cup-20200913-122640-{'0' * 16}"
    spoilt = dict.fromkeys(("id", "author", "title", "view", "match", "from", "to"), "x")
    (yard.config.clips / f"{file}.json").write_text(json.dumps({**spoilt, "file": file}), encoding="ascii")
    name = live(yard)
    put(yard, marker(yard))
    yard.later(1.5)
    assert texts(yard) == ["here"]
    path = yard.config.shown / f"{shown(yard)['file']}.json"
    path.write_text("[]", encoding="ascii")
    yard.restart()
    yard.later(3)
    assert texts(yard) == ["here"]

    def broken(*given: object) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(review, "fold", broken)
    yard.restart()
    yard.hang_up(name)
    yard.later(130, every=10)
    assert yard.state() == "processing"
    yard.finalise()
    yard.later(3)
    assert yard.state() == "replay"
