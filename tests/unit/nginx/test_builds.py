"""A build is known by everything that shapes it, and holds only what the role names."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader  # type: ignore[import-untyped]

from tests.render.renderer import ROLES, load, render

ROLE = ROLES / "nginx"
PATCHES = sorted((ROLE / "files" / "patches").glob("*.patch"))
SYSTEM = {"distribution": "Ubuntu", "distribution_major_version": "22", "architecture": "x86_64"}

init_plugin_loader()  # the lookups that read the patches


@pytest.fixture
def value(tmp_path: Path) -> Any:
    """Return what a variable of the role comes to in a scenario."""

    def look(name: str, **scenario: object) -> Any:
        template = tmp_path / "value.j2"
        template.write_text("{{ " + name + " | to_json }}")
        return json.loads(render(template, "nginx", **{"ansible_facts": SYSTEM, **scenario}))

    return look


def test_a_build_is_named_by_version_and_fingerprint(value: Any) -> None:
    (name,) = value("__nginx_builds")
    assert re.fullmatch(r"1\.30\.6-[0-9a-f]{12}", name)
    assert value("__nginx_builds") == [name]


def test_without_a_fallback_only_the_wanted_version_is_accepted(value: Any) -> None:
    assert value("__nginx_versions") == ["1.30.6"]
    assert value("__nginx_versions", nginx_fallback_version="1.26.3") == ["1.30.6", "1.26.3"]
    assert value("__nginx_versions", nginx_version="1.26.3", nginx_fallback_version="1.26.3") == ["1.26.3"]


def test_a_fallback_changes_no_name(value: Any) -> None:
    wanted, fallback = value("__nginx_builds", nginx_fallback_version="1.26.3")
    assert [wanted] == value("__nginx_builds")
    assert [fallback] == value("__nginx_builds", nginx_version="1.26.3")


@pytest.mark.parametrize(
    "change",
    [
        {"nginx_extra_configure_flags": ["--with-debug"]},
        {"__nginx_compiler_flags": ["-O3"]},
        {"__nginx_linker_flags": ["-pie"]},
        {"__nginx_kept_modules": ["http_map"]},
        {"__nginx_added_modules": []},
        {"__nginx_module_catalogue": {"1.2.2": [{"sha256": "0" * 64}]}},
        {"__nginx_catalogue": {"1.30.6": [{"sha256": "0" * 64}]}},
        {"ansible_facts": SYSTEM | {"distribution_major_version": "24"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_shapes_the_binary_shapes_its_name(value: Any, change: dict[str, object]) -> None:
    assert value("__nginx_builds", **change) != value("__nginx_builds")


def test_a_changed_patch_changes_the_name(value: Any, tmp_path: Path) -> None:
    copy = tmp_path / "nginx"
    shutil.copytree(ROLE, copy)
    assert value("__nginx_builds", role_path=str(copy)) == value("__nginx_builds")
    patch = next((copy / "files" / "patches").iterdir())
    patch.write_text(patch.read_text().replace("+", "+ ", 1))
    assert value("__nginx_builds", role_path=str(copy)) != value("__nginx_builds")


def test_a_changed_address_does_not_build_anew(value: Any) -> None:
    entry = load(ROLE / "vars" / "main.yml")["__nginx_catalogue"]["1.30.6"][0]
    moved = {"1.30.6": [entry | {"urls": ["https://elsewhere.example.com/nginx.tar.gz"]}]}
    assert value("__nginx_builds", __nginx_catalogue=moved) == value("__nginx_builds")


def test_optional_modules_that_are_not_named_are_left_out_also_those_of_a_later_nginx(value: Any) -> None:
    offered = """
      --without-select_module            disable select module
      --with-http_ssl_module             enable ngx_http_ssl_module
      --without-http_map_module          disable ngx_http_map_module
      --without-http_brand_new_module    disable ngx_http_brand_new_module
      --without-stream_map_module        disable ngx_stream_map_module
      --without-stream_geo_module        disable ngx_stream_geo_module
      --without-http                     disable HTTP server
      --without-http-cache               disable HTTP cache
    """
    left_out = value("__nginx_left_out", __nginx_help={"stdout": offered})
    assert left_out == [
        "--without-http_brand_new_module",
        "--without-select_module",
        "--without-stream_geo_module",
    ]


def test_the_catalogue_holds_checksums_and_reachable_kinds_of_addresses() -> None:
    known = load(ROLE / "vars" / "main.yml")
    archives = [
        archive
        for name in ("__nginx_catalogue", "__nginx_module_catalogue")
        for found in known[name].values()
        for archive in found
    ]
    assert archives
    for archive in archives:
        assert re.fullmatch("[0-9a-f]{64}", archive["sha256"])
        assert all(re.match(r"https://|pool/", url) for url in archive["urls"])


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_every_patch_says_what_it_is_for(patch: Path) -> None:
    explanation, _, changes = patch.read_text().partition("--- a/")
    title, empty, *reasons = explanation.strip().splitlines()
    assert title.endswith(".")
    assert empty == ""
    assert reasons
    assert "@@ -" in changes
    assert b"\r" not in patch.read_bytes()
