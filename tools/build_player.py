"""Assemble the static player: build/player/site, build/player/csp.txt and build/player.tar.gz.

Run as ``python3 tools/build_player.py``. It needs node and npm (in the virtual environment, or on the PATH), is
silent and quick when nothing has changed, and makes the same files from the same sources on every machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAYER = ROOT / "player"
BUILD = ROOT / "build" / "player"
ARCHIVE = ROOT / "build" / "player.tar.gz"

#: What the packages' files are called on the site. hls.js comes in its light form: it lacks subtitles, DRM and
#: alternative audio, which a stream from OBS never has, and saves a third of the first load.
VENDOR = {
    "hls.js/dist/hls.light.min.mjs": "hls.js",
    "hls.js/dist/hls.worker.js": "hls.worker.js",
    "hls.js/LICENSE": "hls.js.LICENSE.txt",
    "media-chrome/dist/iife/index.js": "media-chrome.js",
    "media-chrome/LICENSE": "media-chrome.LICENSE.txt",
}
#: A source map is not shipped, so browsers' developer tools need not ask for it.
SOURCE_MAP = re.compile(rb"\n//# sourceMappingURL=\S+\s*$")
#: Comments that have lines of their own, in our modules and styles: a third of their compressed size.
COMMENT = re.compile(rb"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)$", re.DOTALL | re.MULTILINE)
COMPRESSED = {".css", ".html", ".js", ".svg", ".txt"}
#: What a first visit to /player may weigh, in bytes, compressed.
FIRST_LOAD_LIMIT = 250_000
#: The last file of the archive: where it is, the site is complete.
MARKER = "release.txt"


class BuildError(Exception):
    """The player cannot be built; the message says why and what to do."""


def sha256(data: bytes) -> str:
    """The hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def files_below(folder: Path) -> list[Path]:
    """All files below a folder, in an order that is the same everywhere."""
    return sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.as_posix())


def inputs_digest() -> str:
    """A digest of everything that shapes the result."""
    sources = [*files_below(PLAYER / "site"), *files_below(PLAYER / "tools"), *package_files(), Path(__file__)]
    return sha256("".join(f"{path.name} {sha256(path.read_bytes())}\n" for path in sources).encode())


def package_files() -> list[Path]:
    """What decides which packages are installed."""
    return [PLAYER / "package.json", PLAYER / "package-lock.json", PLAYER / ".npmrc"]


def program(name: str) -> str:
    """The path of node or npm: beside the running Python (a virtual environment), else on the PATH.

    Raises:
        BuildError: there is none.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=beside) or shutil.which(name)
    if not found:
        raise BuildError(
            f"{name} was not found, neither in {beside} nor on the PATH; it is needed to build the player. "
            "Run 'make venv', or install Node.js 20 or newer."
        )
    return found


def run(command: list[str], folder: Path) -> str:
    """Run a program and return what it printed.

    Raises:
        BuildError: it failed; the message holds the end of what it said.
    """
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    result = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-20:])
        raise BuildError(f"'{' '.join(command)}' failed with exit code {result.returncode}:\n{said}")
    return result.stdout


def install_packages() -> Path:
    """Install the locked packages, if they are not, and return their folder.

    They get a folder of their own, so that a developer's player/node_modules stays as it is.
    """
    folder = BUILD / "npm"
    stamp = folder / "installed"
    digest = sha256(b"".join(path.read_bytes() for path in package_files()))
    if not stamp.exists() or stamp.read_text() != digest:
        folder.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        for path in package_files():
            shutil.copy(path, folder / path.name)
        run([program("npm"), "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"], folder)
        stamp.write_text(digest)
    return folder / "node_modules"


def without_comments(source: bytes) -> bytes:
    """A module or a style without its comments, every line where it was: browsers report the source's own numbers."""
    return COMMENT.sub(lambda comment: b"\n" * comment.group().count(b"\n"), source)


def collect(packages: Path) -> dict[str, bytes]:
    """The site's files: {path: content}, uncompressed."""
    site = {path.relative_to(PLAYER / "site").as_posix(): path.read_bytes() for path in files_below(PLAYER / "site")}
    site = {name: without_comments(data) if name.endswith((".js", ".css")) else data for name, data in site.items()}
    for source, name in VENDOR.items():
        path = packages / source
        if not path.is_file():
            raise BuildError(f"{path} is missing: has the package changed its layout? See VENDOR in {__file__}.")
        site[f"assets/vendor/{name}"] = SOURCE_MAP.sub(b"\n", path.read_bytes())
    return site


def content_security_policy(bundle: Path) -> str:
    """The header's value; `bundle` is the media-chrome file that browsers get.

    Its components bring their styles as style elements and change them through these, so they can neither be
    moved to a file nor be left out (then its buttons are 1,300 px high). Their hashes allow exactly these.
    """
    hashes = json.loads(run([program("node"), str(PLAYER / "tools" / "style-hashes.js"), str(bundle)], PLAYER))
    allowed = " ".join(f"'{value}'" for value in hashes)
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' {allowed}",
            "connect-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def compress(data: bytes) -> bytes:
    """Gzip at level 9, without a time or a name in the header."""
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=target, mtime=0) as stream:
        stream.write(data)
    return target.getvalue()


def with_compressed(site: dict[str, bytes]) -> dict[str, bytes]:
    """The site's files and, for text, their compressed twins."""
    twins = {f"{name}.gz": compress(data) for name, data in site.items() if Path(name).suffix in COMPRESSED}
    return {**site, **twins}


def first_load(site: dict[str, bytes]) -> int:
    """The compressed size, in bytes, of what a first visit to /player loads.

    Raises:
        BuildError: it is larger than FIRST_LOAD_LIMIT.
    """
    page = site["player.html"].decode()
    names = {"player.html", "assets/vendor/hls.worker.js", *re.findall(r'(?:href|src)="/(assets/[^"]+)"', page)}
    size = sum(len(site[f"{name}.gz"]) for name in names)
    if size > FIRST_LOAD_LIMIT:
        raise BuildError(f"a first visit to /player would load {size} bytes; at most {FIRST_LOAD_LIMIT} are allowed")
    return size


def write_site(site: dict[str, bytes], folder: Path) -> None:
    """Replace a folder by the site."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in site.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def pack(site: dict[str, bytes]) -> bytes:
    """A tar.gz of the site that depends on nothing but its names and contents, the marker last."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(site, key=lambda name: (name == MARKER, name)):
            entry = tarfile.TarInfo(name)
            entry.size = len(site[name])
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(site[name]))
    return compress(target.getvalue())


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second build wait for the first."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build() -> str:
    """Build the player if its sources have changed; returns what was done in a sentence, "" for nothing.

    Raises:
        BuildError: it cannot be built.
    """
    stamp = BUILD / "inputs"
    digest = inputs_digest()
    made = [ARCHIVE, BUILD / "csp.txt", BUILD / "fingerprint", BUILD / "site" / MARKER, stamp]
    if all(path.is_file() for path in made) and stamp.read_text() == digest:
        return ""
    stamp.unlink(missing_ok=True)
    packages = install_packages()
    plain = collect(packages)
    # From the contents before compression: zlib's versions compress differently.
    fingerprint = sha256("".join(f"{name} {sha256(plain[name])}\n" for name in sorted(plain)).encode())[:12]
    site = {**with_compressed(plain), MARKER: f"Scrimbox player {fingerprint}\n".encode()}
    size = first_load(site)
    write_site(site, BUILD / "site")
    policy = content_security_policy(BUILD / "site" / "assets" / "vendor" / "media-chrome.js")
    (BUILD / "csp.txt").write_text(policy + "\n")
    (BUILD / "fingerprint").write_text(fingerprint + "\n")
    ARCHIVE.write_bytes(pack(site))
    stamp.write_text(digest)
    return f"Built the player {fingerprint}: {size / 1000:.0f} kB on a first visit, {len(policy)} bytes of CSP"


def main() -> int:
    """Build; the exit code is 1 when that failed."""
    try:
        with one_at_a_time():
            done = build()
    except BuildError as error:
        print(f"The player was not built: {error}", file=sys.stderr)
        return 1
    if done:
        print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
