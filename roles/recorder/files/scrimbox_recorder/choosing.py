"""What the operator may choose for a recording, checked before it is written down."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace

from . import choices, cleanup, clips
from .choices import Choices
from .clips import Clips
from .config import Config
from .disk import Disk
from .jobs import Jobs
from .names import file_name, is_file_name, recording, split_file

TITLE = 200
"""Characters in a title, at most: as many as in a stream's."""
ALIGNMENT = 3_600_000
"""Milliseconds by which a session may be moved against the others of its match, at most."""
SHOWN = 5
"""Recordings that are listed where an unknown one was named."""


class ChoiceError(ValueError):
    """What was asked cannot be done; the message names the input, its value and what is allowed."""


def pin(config: Config, disk: Disk, file: str, *, pinned: bool) -> str:
    """Keep a recording for ever, or no longer; what was done, for the operator.

    Raises:
        ChoiceError: there is no such recording.
    """
    found = find(config, file)
    _save(config, disk, found, replace(_current(config, found), pinned=pinned))
    return f"{found} is {'pinned: only you can delete it' if pinned else 'no longer pinned'}"


def title(config: Config, disk: Disk, file: str, text: str) -> str:
    """Give a recording a title of its own; an empty one gives it the stream's again.

    Raises:
        ChoiceError: there is no such recording, or the title cannot be shown.
    """
    found = find(config, file)
    if len(text) > TITLE or not text.isprintable():
        raise ChoiceError(f"title: {text!r} is not allowed; at most {TITLE} printable characters")
    _save(config, disk, found, replace(_current(config, found), title=text.strip()))
    return f"{found} is called {text.strip()!r}" if text.strip() else f"{found} has its stream's title"


def align(config: Config, disk: Disk, file: str, milliseconds: str) -> str:
    """Move a session against the others of its match.

    Raises:
        ChoiceError: there is no such recording, or the number is not allowed.
    """
    found = find(config, file)
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", milliseconds) or abs(int(milliseconds)) > ALIGNMENT:
        raise ChoiceError(
            f"alignment: {milliseconds!r} is not allowed; whole milliseconds from -{ALIGNMENT} to {ALIGNMENT}"
        )
    _save(config, disk, found, replace(_current(config, found), alignment_ms=int(milliseconds)))
    return f"{found} is moved by {int(milliseconds)} ms"


def unclip(config: Config, disk: Disk, given: str) -> str:
    """Delete a clip, or the order of one.

    Raises:
        ChoiceError: there is no such clip; the message lists some that there are.
    """
    file = given.rpartition("/")[2].partition(".")[0]
    known = [clip["file"] for clip in Clips(config, disk).all()]
    if file in known:
        clips.delete(disk, config, file)
        return f"{file} is deleted"
    near = difflib.get_close_matches(file, known, SHOWN) or known[:SHOWN]
    listed = "\n".join(f"  {name}" for name in near) or "  there is none"
    raise ChoiceError(f"clip: {given!r} is not known; allowed is FILE as in the link of a clip. Near it:\n{listed}")


def find(config: Config, given: str) -> str:
    """FILE, from FILE itself or from the link or the name of one of its files.

    Raises:
        ChoiceError: there is none of that name; the message lists some that there are.
    """
    file = given.rpartition("/")[2].partition(".")[0]
    known = recordings(config)
    if file in known:
        return file
    near = difflib.get_close_matches(file, known, SHOWN) if is_file_name(file) else []
    own = [name for name in known if split_file(name)[0] == file]
    shown = near or own[:SHOWN] or known[:SHOWN]
    listed = "\n".join(f"  {name}" for name in shown) or "  there is none yet"
    kind = "Near it" if near else f"The newest of {file}" if own else "The newest"
    raise ChoiceError(
        f"recording: {given!r} is not known; allowed is FILE as in the link of a replay. {kind}:\n{listed}"
    )


def recordings(config: Config) -> list[str]:
    """FILE of every replay, of what is being made and of what is live, newest first."""
    found = {replay.file for replay in cleanup.replays(config)}
    for job in Jobs(config.finalizing).all():
        found |= {job.file, *job.files}
    return sorted(found | set(_live(config)), key=lambda file: split_file(file)[1], reverse=True)


def _live(config: Config) -> Iterable[str]:
    """Every recording might be the first of its session: what was chosen for another one is swept away later."""
    names = (recording(path.name) for path in config.incoming.iterdir())
    return [file_name(name.stream, name.number) for name in names if name]


def _current(config: Config, file: str) -> Choices:
    return choices.load(config.recordings, file)


def _save(config: Config, disk: Disk, file: str, chosen: Choices) -> None:
    choices.save(disk, config.recordings, file, chosen)
