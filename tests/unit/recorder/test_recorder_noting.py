"""The operator and what viewers have written: every note of a recording can be seen, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from recorder_yard import EPOCH, Yard
from scrimbox_recorder import noting
from scrimbox_recorder.choosing import ChoiceError
from scrimbox_recorder.disk import Disk
from scrimbox_recorder.names import file_name, iso
from test_recorder_review import kept, live, marker, over, put, refused, shown, texts


def listed(yard: Yard, file: str) -> list[str]:
    return noting.listed(yard.config, Disk(), file).splitlines()


def noted(yard: Yard, data: dict[str, Any], author: str = "anna") -> str:
    """A note that has been taken."""
    note_id = put(yard, data, author)
    yard.later(3)
    return note_id


def file_of(yard: Yard) -> str:
    found: str = shown(yard)["file"]
    return found


@pytest.mark.parametrize("finished", [False, True])
def test_a_note_of_anybody_is_listed_and_deleted(yard: Yard, finished: bool) -> None:
    name = live(yard)
    mark = {**marker(yard, "rude"), "tag": "ace"}
    note_id, other = noted(yard, mark), noted(yard, marker(yard, "fine"), "bert")
    if finished:
        over(yard, name)
    before = listed(yard, file_of(yard))
    assert before[0] == f'{note_id} {mark["time"]} anna marker text="rude" tag="ace"'
    assert before[1].startswith(f"{other} ")
    assert f"{note_id} " in noting.take_back(yard.config, Disk(), note_id)
    yard.later(3)
    assert texts(yard) == ["fine"]
    assert f"cup/{note_id}.json" not in kept(yard)
    assert listed(yard, file_of(yard)) == before[1:]
    assert refused(yard) == []


def test_a_deleted_note_does_not_come_back_with_a_page_that_sends_it_again(yard: Yard) -> None:
    live(yard)
    mark = marker(yard, "rude")
    note_id = noted(yard, mark)
    noting.take_back(yard.config, Disk(), note_id)
    yard.later(3)
    put(yard, mark, note_id=note_id)
    yard.later(3)
    assert texts(yard) == []


def test_with_the_note_of_a_clip_goes_the_clip(yard: Yard) -> None:
    live(yard)
    clip = {"kind": "clip", "views": ["cup"], "from": iso(yard.wall - 5), "to": iso(yard.wall - 2), "title": "An ace"}
    note_id = noted(yard, clip)
    assert shown(yard)["clips"]
    noting.take_back(yard.config, Disk(), note_id)
    yard.later(3)
    assert shown(yard)["clips"] == []
    assert not list(yard.config.cutting.iterdir())


def test_with_a_label_goes_its_word_and_the_one_before_counts_again(yard: Yard) -> None:
    live(yard)
    label = {"kind": "label", "view": "cup", "time": iso(yard.wall - 1)}
    noted(yard, {**label, "opponent": "Foxes", "map": "Mirage"})
    note_id = noted(yard, {**label, "opponent": "an insult"}, "bert")
    assert shown(yard)["labels"]["opponent"] == "an insult"
    assert 'bert label opponent="an insult"' in "\n".join(listed(yard, file_of(yard)))
    noting.take_back(yard.config, Disk(), note_id)
    yard.later(3)
    assert shown(yard)["labels"] == {"opponent": "Foxes", "map": "Mirage"}


def test_of_two_recordings_each_has_its_own_notes(yard: Yard) -> None:
    name = live(yard)
    noted(yard, marker(yard, "first"))
    over(yard, name)
    first = file_of(yard)
    live(yard)
    noted(yard, marker(yard, "second"))
    assert [line.split("text=")[1] for line in listed(yard, first)] == ['"first"']
    assert [line.split("text=")[1] for line in listed(yard, file_of(yard))] == ['"second"']


def test_a_recording_without_notes_says_so(yard: Yard) -> None:
    live(yard)
    file = file_of(yard)
    assert listed(yard, file) == [f"{file} has no notes"]
    with pytest.raises(ChoiceError, match="is not known"):
        noting.listed(yard.config, Disk(), file_name("cup", EPOCH - 9999))


@pytest.mark.parametrize("given", ["", "0" * 16, "../notes", "ABCDEF0123456789", "cup"])
def test_what_is_no_note_is_refused_and_nothing_is_written(yard: Yard, given: str) -> None:
    live(yard)
    with pytest.raises(ChoiceError, match="make notes"):
        noting.take_back(yard.config, Disk(), given)
    assert not list(yard.config.inbox.iterdir())


def test_what_another_command_changes_is_not_deleted_and_the_command_is_named(yard: Yard) -> None:
    live(yard)
    note_id = noted(yard, {"kind": "title", "view": "cup", "time": iso(yard.wall - 1), "title": "Finale"})
    with pytest.raises(ChoiceError, match="make title"):
        noting.take_back(yard.config, Disk(), note_id)
    assert listed(yard, file_of(yard))[0].endswith("has no notes")
