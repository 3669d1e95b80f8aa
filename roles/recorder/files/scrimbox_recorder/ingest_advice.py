"""What to change at the streamer's, in words: a stable code, what is wrong, the setting that mends it. Pure.

The thresholds leave the settings of docs/streamer.md in peace, whatever the distribution of a game's pictures does to
their bitrate. `warn`: viewers see or hear it. `note`: it could be better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .config import Stream
from .ingest_codecs import AAC, H264, SHOWN_EVERYWHERE

WARN, NOTE = "warn", "note"
KEYS_LATE, KEYS_SLOW = 2.5, 1.3
"""Seconds between key frames that are too many, and that could be fewer."""
DELAY = 1.6
"""How many segments a viewer is behind the camera who has been there for a while (docs/performance.md)."""
SEGMENT = 1.0
"""Seconds of the shortest segment, nearly."""
MISSING = 0.03
"""Share of missing pictures that is seen as stutter."""
LATE = 3.0
"""Seconds by which data comes later than at its best, all the time."""
OFFSET_MS, DRIFT_MS = 1000, 500
CUTS = 3
"""Interruptions of one session: a streamer who comes back once or twice knows why."""
OVER = 1.4
"""Times the declared bitrate."""
SETTLED = 10.0
"""Seconds of stream before anything but codecs is judged."""


@dataclass(frozen=True)
class Advice:
    """One thing to change."""

    code: str
    level: str
    text: str
    setting: str

    def document(self) -> dict[str, str]:
        """As it stands in the state document."""
        return {"code": self.code, "level": self.level, "text": self.text, "setting": self.setting}


def advise(measured: dict[str, Any], declared: Stream, seconds: float) -> list[Advice]:
    """Advice for what was measured (`ingest` of the state document) in so many seconds, the most urgent first."""
    found = [*_codecs(measured, seconds)]
    if seconds >= SETTLED:
        found += [*_pictures(measured), *_way(measured), *_sound(measured), *_declared(measured, declared)]
    return sorted(found, key=lambda advice: advice.level == NOTE)


def delay(key_interval: float | None) -> float | None:
    """About how many seconds viewers are behind."""
    return None if key_interval is None else round(DELAY * max(SEGMENT, key_interval), 1)


def _codecs(measured: dict[str, Any], seconds: float) -> Iterator[Advice]:
    video, audio = measured["video"], measured["audio"]
    h264 = "OBS: Settings → Output → Video Encoder: one with H.264 in its name, or x264."
    if video and video["codec"] != H264:
        what = video["codec"].upper()
        yield Advice("video-codec", WARN, f"The picture arrives as {what}, which cannot be shown.", h264)
    elif video and video["profile"] and video["profile"] not in SHOWN_EVERYWHERE:
        text = f"The picture is H.264 {video['profile']}, which most browsers do not show."
        setting = "OBS: Settings → Advanced → Color Format: NV12; Settings → Output → Profile: high."
        yield Advice("video-profile", WARN, text, setting)
    if not video and audio and seconds >= SETTLED:
        text = "Only sound arrives, or a picture in a codec that cannot be read here (HEVC, AV1)."
        yield Advice("no-picture", WARN, text, h264)
    if audio and audio["codec"] != AAC:
        what = audio["codec"].upper()
        setting = "OBS: Settings → Output → Audio Encoder: AAC. ffmpeg: -c:a aac"
        yield Advice("audio-codec", WARN, f"The sound arrives as {what}, which cannot be played.", setting)
    if video and not audio and seconds >= SETTLED:
        setting = "OBS: Settings → Output → Streaming → Audio Track: 1, and the mixer's sources on it. ffmpeg: -c:a aac"
        yield Advice("no-sound", NOTE, "No sound arrives.", setting)


def _pictures(measured: dict[str, Any]) -> Iterator[Advice]:
    video = measured["video"] or {}
    interval, fps, missing = video.get("key_interval"), video.get("fps"), video.get("missing") or 0
    if interval and interval > KEYS_SLOW:
        text = f"Key frames come every {_number(interval)} s: viewers are about {_number(DELAY * interval)} s behind"
        frames = round(fps or 30)
        setting = (
            "OBS: Settings → Output → Output Mode: Advanced → Keyframe Interval: 1 s. In Output Mode Simple: Enable "
            f"Advanced Encoder Settings, Custom Encoder Settings: keyint={frames}. ffmpeg: -g {frames}"
        )
        if interval > KEYS_LATE:
            yield Advice("key-frames", WARN, f"{text} and seek in leaps.", setting)
        else:
            yield Advice("key-frames", NOTE, f"{text}; every second would be better.", setting)
    if missing >= MISSING:
        text = f"{_number(missing * 100)} % of the pictures are missing."
        setting = (
            "OBS: View → Stats says why. Dropped frames (network): Settings → Output → Bitrate: lower. Encoding lag or "
            "rendering lag: a faster preset (x264), another encoder, or a smaller Output Resolution (Settings → Video)."
        )
        yield Advice("missing-pictures", WARN, text, setting)
    if video.get("varies"):
        setting = "OBS: Settings → Video → Common FPS Values: 30 or 60. ffmpeg: -r 30"
        yield Advice("frame-rate-varies", NOTE, "Pictures come at no steady rate.", setting)


def _way(measured: dict[str, Any]) -> Iterator[Advice]:
    late, gaps, jumps = measured["late"], measured["gaps"], measured["jumps"]
    if late >= LATE:
        rate = (measured["bitrate"] or {}).get("now") or 0
        less = max(500, round(rate / 1000 * 2 / 3 / 500) * 500)
        text = f"Everything arrives {_number(late)} s late: the upload does not carry {_number(rate / 1e6)} Mbit/s."
        yield Advice("upload", WARN, text, f"OBS: Settings → Output → Bitrate: {less} Kbps. A cable instead of WLAN.")
    if gaps["count"] >= CUTS:
        text = f"The connection has failed {gaps['count']} times, for {_number(gaps['seconds'])} s in all."
        setting = "A cable instead of WLAN. OBS: Settings → Advanced → Automatically Reconnect: on; a lower bitrate."
        yield Advice("interruptions", NOTE, text, setting)
    if jumps:
        text = f"The time stamps have jumped ({jumps})."
        setting = "Stop and start streaming once. If it comes back: no clip or camera with a broken clock as source."
        yield Advice("time-jumps", NOTE, text, setting)


def _sound(measured: dict[str, Any]) -> Iterator[Advice]:
    av = measured["av"] or {}
    offset, drift = av.get("offset_ms") or 0, av.get("drift_ms") or 0
    if abs(offset) >= OFFSET_MS:
        text = f"The sound comes {_number(abs(offset) / 1000)} s {'before' if offset > 0 else 'after'} its picture."
        setting = "OBS: Edit → Advanced Audio Properties → Sync Offset: 0. ffmpeg: picture and sound from one input."
        yield Advice("sound-offset", WARN, text, setting)
    if abs(drift) >= DRIFT_MS:
        more = "more" if drift > 0 else "less"
        text = f"{_number(abs(drift) / 1000)} s {more} sound has come than time has passed."
        setting = (
            "The same sample rate everywhere: OBS: Settings → Audio → 48 kHz, and the sound devices of the computer."
        )
        yield Advice("sound-drift", NOTE, text, setting)


def _declared(measured: dict[str, Any], declared: Stream) -> Iterator[Advice]:
    video, bitrate = measured["video"] or {}, measured["bitrate"]
    if declared.resolution and video.get("width"):
        arrives = f"{video['width']}x{video['height']}"
        if arrives != declared.resolution:
            setting = f"OBS: Settings → Video → Output (Scaled) Resolution: {declared.resolution}."
            yield Advice("resolution", NOTE, f"{arrives} arrives, {declared.resolution} is declared.", setting)
    fps = video.get("fps")
    # A sender that counts its frames' times in whole milliseconds is right all the same.
    if declared.fps and fps and not video.get("varies") and abs(fps / declared.fps - 1) > 0.02:
        text = f"{_rate(fps)} pictures a second arrive, {_rate(declared.fps)} are declared."
        yield Advice("frame-rate", NOTE, text, f"OBS: Settings → Video → Common FPS Values: {_rate(declared.fps)}.")
    if declared.bitrate_kbps and bitrate and bitrate["now"] > OVER * declared.bitrate_kbps * 1000:
        text = f"{_number(bitrate['now'] / 1e6)} Mbit/s arrive, {_number(declared.bitrate_kbps / 1e3)} are declared."
        setting = f"OBS: Settings → Output → Rate Control: CBR, Bitrate: {declared.bitrate_kbps} Kbps."
        yield Advice("bitrate", NOTE, text, setting)


def _number(value: float) -> str:
    """A number as people say it: 20, 8.3."""
    return f"{round(value, 1):g}"


def _rate(fps: float) -> str:
    """A frame rate as people say it: 30, 29.97."""
    return f"{round(fps, 2):g}"
