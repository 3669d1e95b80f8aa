"""One file, two doors (FACTS 15): MP4s that are classic files and, by byte ranges, HLS. Needs nothing else here."""

from .boxes import Mp4Error
from .excerpt import Excerpt, Wish, cut
from .fragments import FRAGMENTED
from .keyframes import KeyFrames, key_frames
from .playlist import playlist
from .readback import ReadBack, Track, read_back
from .segments import Range, Segment
from .wrap import Span, Wrapped, wrap

__all__ = [
    "FRAGMENTED",
    "Excerpt",
    "KeyFrames",
    "Mp4Error",
    "Range",
    "ReadBack",
    "Segment",
    "Span",
    "Track",
    "Wish",
    "Wrapped",
    "cut",
    "key_frames",
    "playlist",
    "read_back",
    "wrap",
]
