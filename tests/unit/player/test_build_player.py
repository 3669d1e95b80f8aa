"""The build of the static player, on sites that the tests make up."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from pathlib import Path

import pytest

from tools import build_player

PAGE = b'<link rel="stylesheet" href="/assets/player.css"><script type="module" src="/assets/player.js"></script>'
SITE = {
    "player.html": PAGE,
    "assets/player.css": b"body {}\n",
    "assets/player.js": b"export {};\n",
    "assets/vendor/hls.worker.js": b"self.x = 1;\n",
    build_player.MARKER: b"Scrimbox player\n",
}


def test_the_same_contents_make_the_same_archive_in_whatever_order() -> None:
    backwards = dict(reversed(SITE.items()))
    assert build_player.pack(SITE) == build_player.pack(backwards)


def test_the_archive_holds_every_file_readable_for_all_and_the_marker_last() -> None:
    with tarfile.open(fileobj=io.BytesIO(build_player.pack(SITE))) as tar:
        members = tar.getmembers()
    assert {member.name for member in members} == set(SITE)
    assert {(member.mode, member.mtime, member.uid) for member in members} == {(0o644, 0, 0)}
    assert members[-1].name == build_player.MARKER


def test_comments_are_left_out_and_every_line_stays_where_it_was() -> None:
    source = b'// One\n/** Two\n * lines. */\nexport const a = "// no"; // stays\n  // three\nconst b = `/* ${a} */`;\n'
    bare = build_player.without_comments(source)
    assert bare == b'\n\n\nexport const a = "// no"; // stays\n\nconst b = `/* ${a} */`;\n'


def test_text_gets_a_compressed_twin_and_nothing_else_does() -> None:
    site = build_player.with_compressed({"a.js": b"x" * 500, "a.png": b"x" * 500})
    assert set(site) == {"a.js", "a.js.gz", "a.png"}
    assert gzip.decompress(site["a.js.gz"]) == site["a.js"]


def test_the_first_load_is_the_page_the_worker_and_all_that_the_page_names() -> None:
    site = build_player.with_compressed(SITE)
    weighed = [name for name in site if name.endswith(".gz") and not name.startswith(build_player.MARKER)]
    assert build_player.first_load(site) == sum(len(site[name]) for name in weighed)


def test_a_first_load_that_is_too_heavy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_player, "FIRST_LOAD_LIMIT", 10)
    with pytest.raises(build_player.BuildError, match="at most 10 are allowed"):
        build_player.first_load(build_player.with_compressed(SITE))


def test_without_npm_the_message_says_where_it_was_sought_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name, path=None: None)
    with pytest.raises(build_player.BuildError, match=r"npm was not found.*Run 'make venv'"):
        build_player.program("npm")


def test_a_program_that_fails_is_reported_with_the_end_of_what_it_said(tmp_path: Path) -> None:
    command = ["sh", "-c", "seq 100; echo reason >&2; exit 3"]
    with pytest.raises(build_player.BuildError, match=r"exit code 3") as caught:
        build_player.run(command, tmp_path)
    assert "reason" in str(caught.value)
    assert "\n50\n" not in str(caught.value)


def test_a_package_that_has_changed_its_layout_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(build_player.BuildError, match="is missing"):
        build_player.collect(tmp_path)


def test_the_site_replaces_what_was_there(tmp_path: Path) -> None:
    old = tmp_path / "site" / "assets" / "old.js"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    build_player.write_site(SITE, tmp_path / "site")
    assert not old.exists()
    assert (tmp_path / "site" / "player.html").read_bytes() == PAGE


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder of the real site, as it is deployed."""
    with build_player.one_at_a_time():
        build_player.build()
    return build_player.BUILD / "site"


def compressed(site: Path, page: str) -> dict[str, int]:
    """The bytes on the wire of a page and all that it names, by file."""
    names = {page, *re.findall(r'(?:href|src)="/(assets/[^"]+)"', (site / page).read_text())}
    return {name: (site / f"{name}.gz").stat().st_size for name in names}


def test_all_that_the_player_loads_before_the_first_picture_stays_within_the_budget(built: Path) -> None:
    weighed = compressed(built, "player.html")
    weighed["assets/vendor/hls.worker.js"] = (built / "assets/vendor/hls.worker.js.gz").stat().st_size
    assert len(weighed) > 10
    assert sum(weighed.values()) <= 250_000, sorted(weighed.items(), key=lambda item: -item[1])


def test_the_home_page_comes_without_the_player_s_libraries_and_is_light(built: Path) -> None:
    weighed = compressed(built, "index.html")
    assert not [name for name in weighed if "vendor" in name]
    assert sum(weighed.values()) <= 25_000, sorted(weighed.items(), key=lambda item: -item[1])


def test_no_style_of_the_site_fetches_anything_that_its_pages_do_not_name(built: Path) -> None:
    for page in ("player.html", "index.html"):
        named = compressed(built, page)
        for style in (name for name in named if name.endswith(".css")):
            fetched = re.findall(r"url\([\"']?([^\"')]+)", (built / style).read_text())
            assert {f"assets/{name}" for name in fetched} <= set(named), style
            assert "@import" not in (built / style).read_text()
