"""The programs and our own packing, as clips need them."""

from __future__ import annotations

import copy
from pathlib import Path

from . import flv, mp4
from .flv_range import Range
from .media import RAW, TRACKS, Tools, in_words
from .pictures import POSTER_WIDTH, Frame, annex_b

_PROFILES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}
"""The encoder's words for profile_idc (ITU-T H.264, annex A)."""
_RATE = 30
"""Frames a second that the encoder is told: times are the source's, set afterwards."""


class ClipTools(Tools):
    """Cuts and encodes, at the pace that it is given."""

    def beside(self) -> ClipTools:
        """Tools for somebody who works at the same time; the pace counts for both together."""
        other = copy.copy(self)
        other._pace = self._pace.beside()
        return other

    def fragment_range(self, source: Path, found: Range, target: Path) -> flv.Contents:
        """Put the whole frames of a stretch of an FLV into a fragmented MP4; what they were.

        Raises:
            MediaError: ffmpeg failed or stood still.
            NotNowError: no space, or no ffmpeg.
        """
        reader = flv.Reader()
        self._pace.begin("reading the recording,", found.behind - found.start)
        fed = reader.read_range(source, found.head, found.start, found.behind)
        self._ffmpeg([*RAW, *TRACKS, *mp4.FRAGMENTED, target.name], target, fed)
        return reader.contents

    def cut(self, source: Path, target: Path, between: tuple[float, float]) -> mp4.Excerpt:
        """Cut a clip out of an MP4, exact to the frame (see `mp4.cut`); its own files are named after the target.

        Raises:
            MediaError: the source has nothing there, or a program failed.
            NotNowError: no space, or no ffmpeg.
        """
        ends = iter(("head", "tail", "more"))

        def encode(wish: mp4.Wish) -> Path:
            made = target.with_suffix(f".{next(ends)}.mp4")
            self._encode(wish, made)
            self._pace.begin("cutting the clip")
            return made

        self._pace.begin("cutting the clip")
        with in_words():
            return mp4.cut(source, target, between, encode, self._flushing(target))

    def picture(self, source: Path, target: Path) -> None:
        """Write the largest key frame of a clip as a JPEG: it shows most.

        Raises:
            MediaError: there is none, or ffmpeg failed.
            NotNowError: no space, or no ffmpeg.
        """
        found = self.key_frames(source)
        best = max((Frame(*frame) for frame in found.frames), key=lambda frame: frame.size)
        pieces = annex_b(source, found.avcc, [best])
        self.draw(pieces, best.size, f"scale='min({POSTER_WIDTH},iw)':-2", target)

    def _encode(self, wish: mp4.Wish, target: Path) -> None:
        """Encode some frames of a raw stream like the rest of it, with parameter sets of another number."""
        last = wish.skip + wish.count - 1
        profile = _PROFILES.get(wish.settings.profile)
        options = ["-profile:v", profile] if profile else []
        numbered = f"sps-id={wish.number}:level={wish.settings.level}"
        self._pace.begin("encoding the ends,")
        self._ffmpeg(
            [
                # A key frame that is no IDR is shown all the same.
                *("-flags", "output_corrupt", "-flags2", "showall", "-threads", "2"),
                *("-f", "h264", "-framerate", str(_RATE), "-i", "pipe:0"),
                *("-vf", f"select=between(n\\,{wish.skip}\\,{last}),setpts=N/{_RATE}/TB", "-vsync", "0"),
                *("-threads", "2", "-c:v", "libx264", "-preset", "superfast", "-crf", "17", "-bf", "0", *options),
                *("-x264-params", numbered, *mp4.FRAGMENTED, target.name),
            ],
            target,
            (memoryview(frame) for frame in wish.stream),
        )
