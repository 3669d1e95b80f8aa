"""The configuration that an operator reads, rendered for one situation each."""

from __future__ import annotations

import re

import pytest

from tests.render.renderer import TEMPLATES, directives, render

KEYS = {"match123": "a" * 32, "bravo": "0123456789abcdef" * 2}
VIEWERS = {
    "alice": {"password": "correct-horse", "token": "1" * 48, "salt": "0123456789abcdef", "cookie": "c" * 64},
    "bob": {"password": "battery-staple", "token": "2" * 48, "salt": "fedcba9876543210", "cookie": "d" * 64},
}


def auth(**scenario: object) -> str:
    return render(TEMPLATES / "auth" / "nginx.conf.j2", "auth", auth_publish_keys=KEYS, **scenario)


def ingest(**scenario: object) -> str:
    return render(TEMPLATES / "ingest" / "nginx.conf.j2", "ingest", **scenario)


def web(**scenario: object) -> str:
    return render(TEMPLATES / "web" / "nginx.conf.j2", "web", **{"web_viewers": VIEWERS, **scenario})


def write(**scenario: object) -> str:
    return render(TEMPLATES / "write" / "nginx.conf.j2", "write", **scenario)


ALL = pytest.mark.parametrize("text", [auth(), ingest(), web(), write()], ids=["auth", "ingest", "web", "write"])


@ALL
def test_configuration_is_complete(text: str) -> None:
    assert text.startswith("# Managed by Scrimbox (templates/")
    assert text.endswith("}\n")
    assert text.count("{") == text.count("}")
    assert "{{" not in text
    assert "{%" not in text
    assert not re.search(r"\b(True|False|None|AnsibleUndefined)\b", text)


@ALL
def test_nginx_stays_in_the_foreground_under_systemd(text: str) -> None:
    assert directives(text, "daemon") == ["off"]
    assert directives(text, "worker_rlimit_nofile") == []


def test_auth_listens_on_loopback_alone_and_answers_one_question() -> None:
    text = auth(auth_port=9000)
    assert directives(text, "listen") == ["127.0.0.1:9000"]
    assert directives(text, "location") == ["= /publish {", "@refused {", "/ {"]


def test_auth_knows_each_key_for_one_stream_and_nobody_else() -> None:
    text = auth()
    for stream, key in KEYS.items():
        assert f'"{key}" "{stream}:{key}"' in text
    assert text.count('default "";') == 3


def test_auth_knows_each_publisher_by_a_key_and_never_names_the_key() -> None:
    keys = {"match123/alice": "a" * 32, "match123/pc2": "b" * 32, "bravo": "c" * 32}
    text = render(TEMPLATES / "auth" / "nginx.conf.j2", "auth", auth_publish_keys=keys)
    for name in ("alice", "pc2"):
        key = keys[f"match123/{name}"]
        assert f'"{key}" "match123:{key}";' in text
        assert f'"{key}" "{name}";' in text
    assert text.count('"match123" "match123";') == 1
    assert f'"{"c" * 32}" "bravo:{"c" * 32}";' in text
    assert not any("/" in layout for layout in directives(text, "log_format"))


def test_auth_without_streams_lets_nobody_in() -> None:
    text = render(TEMPLATES / "auth" / "nginx.conf.j2", "auth", auth_publish_keys={})
    assert not re.search(r"[0-9a-f]{32}", text)
    assert "try_files /nothing =403;" in text


def test_auth_logs_no_arguments() -> None:
    for layout in directives(auth(), "log_format"):
        for leak in ("$request", "$args", "$query_string", "$arg_key", "$arg_name"):
            assert leak not in layout, leak


def test_auth_tells_the_recorder_of_attempts_and_nothing_that_a_publisher_sent() -> None:
    text = auth(auth_refuse_dir="/run/x")
    (layout,) = (layout for layout in directives(text, "log_format") if layout.startswith("told "))
    assert layout == "told '$msec id=$known_id opens=$key_id $reason'"
    to_recorder = [way for way in directives(text, "access_log") if "/run/x/attempts.sock" in way]
    assert to_recorder == ["syslog:server=unix:/run/x/attempts.sock,nohostname,tag=scrimbox_auth told if=$logged"]
    for stream, key in KEYS.items():
        assert f'"{key}" "{stream}";' in text


def test_the_streamer_s_page_is_a_page_as_the_player_is_and_its_login_leads_back_to_it() -> None:
    text = web()
    assert "= /studio {" in directives(text, "location")
    one, other = (
        text[text.index(f"location = {page} {{") :].partition("\n        }")[0] for page in ("/player", "/studio")
    )
    assert other == one.replace("/player", "/studio").replace("$player_page", "$studio_page")
    assert '"studio" "/studio$asked_for";' in text
    assert "return 303 $asked_page;" in text


def test_ingest_names_no_stream_and_no_key() -> None:
    """So that a new stream, viewer or key never changes the file whose change restarts ingest."""
    text = ingest(auth_publish_keys=KEYS, scrimbox_streams=[{"id": "match123"}])
    assert "match123" not in text
    assert KEYS["bravo"] not in text


def test_ingest_is_one_worker_that_logs_no_arguments() -> None:
    text = ingest()
    assert directives(text, "worker_processes") == ["1"]
    assert set(directives(text, "access_log")) == {"off"}
    assert text.count("access_log off;") == 2, "one for RTMP, one for the control socket"
    assert directives(text, "error_log") in (["stderr notice"], ["stderr warn"], ["stderr error"])


def test_ingest_denies_play_and_asks_before_it_writes() -> None:
    text = ingest(ingest_auth_url="http://127.0.0.1:9000/publish")
    assert directives(text, "deny") == ["play all"]
    assert directives(text, "on_publish") == ["http://127.0.0.1:9000/publish"]
    assert directives(text, "notify_method") == ["get"]


def test_ingest_s_control_ends_publishers_on_a_closed_socket_and_can_nothing_else() -> None:
    text = ingest()
    http = text[text.index("\nhttp {") :]
    assert directives(http, "listen") == ["unix:/run/scrimbox-ingest/control.sock"]
    assert directives(http, "location") == ["= /control/drop/publisher {", "/ {"]
    assert directives(text, "rtmp_control") == ["drop"]
    assert "rtmp_stat" not in text
    rtmp = text[: text.index("\nhttp {")]
    assert "unix:" not in rtmp


def test_auth_refuses_for_lack_of_room_only_after_the_key_was_checked() -> None:
    text = auth(auth_refuse_dir="/run/x")
    asked = text.index("if (-f /run/x/refuse-publish)")
    checked = text.index('if ($claim != $opens) {\n                set $answer "refused"')
    assert asked < checked < text.index('if ($answer = "acceptednone")') < text.index("return 507;")
    assert text.index("return 507;") < text.index('if ($answer = "accepted")') < text.index("return 204;")
    assert "refused, no room for recordings" in text


def test_auth_lets_an_unfinished_session_s_publisher_come_back() -> None:
    text = auth(auth_refuse_dir="/run/x")
    excused = text.index("if (-f /run/x/goes-on.$known_id)")
    assert text.index("if (-f /run/x/refuse-publish)") < excused < text.index("return 507;")


def test_ingest_never_overwrites_and_never_deletes() -> None:
    text = ingest()
    assert directives(text, "record_unique") == ["on"]
    assert directives(text, "record") == ["all"]
    assert directives(text, "hls_cleanup") == ["off"]
    assert directives(text, "hls_fragment_naming") == ["system"]
    assert not re.search(r"^\s*exec", text, re.M)


@pytest.mark.parametrize(("hours", "seconds"), [(4, "14400s"), ("12", "43200s")])
def test_dvr_window_is_declared_in_hours(hours: object, seconds: str) -> None:
    assert directives(ingest(ingest_dvr_hours=hours), "hls_playlist_length") == [seconds]


def test_segment_floor_lies_below_the_key_frame_interval_by_default() -> None:
    assert directives(ingest(), "hls_fragment") == ["900ms"]


@pytest.mark.parametrize("text", [ingest(ingest_ipv6=False), web(web_ipv6=False)], ids=["ingest", "web"])
def test_no_ipv6_socket_where_there_is_no_ipv6(text: str) -> None:
    assert "[::]" not in text


@pytest.mark.parametrize(
    ("text", "port"),
    [(ingest(ingest_rtmp_port=1999), "1999"), (web(web_http_port=8080), "8080")],
    ids=["ingest", "web"],
)
def test_ports_are_the_operator_s(text: str, port: str) -> None:
    listening = [place for place in directives(text, "listen") if not place.startswith("unix:")]
    assert len(listening) == 2
    assert all(re.match(rf"(\[::\]:)?{port}\b", place) for place in listening)


def block(text: str, start: str) -> str:
    """The first block that begins so, to its closing bracket."""
    found = text[text.index(start) :]
    return found[: found.index("\n    }")]


def test_web_gives_every_viewer_one_cookie_and_holds_no_password() -> None:
    text = web()
    for name, login in VIEWERS.items():
        assert f'"{login["cookie"]}" 1; # {name}' in block(text, "map $cookie_scrimbox")
        assert f'"Scrimbox:{name}" "scrimbox={login["cookie"]}; ' in block(text, 'map "$realm:$remote_user"')
        assert login["password"] not in text


def test_a_removed_viewer_s_cookie_and_token_are_gone() -> None:
    everybody, left = (
        web(web_access_mode=["link"]),
        web(web_access_mode=["link"], web_viewers={"alice": VIEWERS["alice"]}),
    )
    # combine_vars merges dictionaries, so the smaller scenario stands alone here
    for secret in (VIEWERS["bob"]["cookie"], VIEWERS["bob"]["token"]):
        assert secret in everybody
        assert secret not in left


MODES = [
    ["password"],
    ["link"],
    ["network"],
    ["password", "link"],
    ["password", "network"],
    ["link", "network"],
    ["password", "link", "network"],
]


@pytest.mark.parametrize("modes", MODES, ids="+".join)
def test_only_what_is_declared_lets_a_viewer_in(modes: list[str]) -> None:
    text = web(web_access_mode=modes, web_access_networks=["192.0.2.0/24", "2001:db8::/32"])
    assert ("192.0.2.0/24 1;" in text) == ("network" in modes)
    assert ("2001:db8::/32 1;" in text) == ("network" in modes)
    for login in VIEWERS.values():
        assert (login["token"] in text) == ("link" in modes)
        assert ('"Scrimbox:alice"' in text) == ("password" in modes)


@pytest.mark.parametrize(("satisfy", "enough"), [("any", 7), ("all", 3)])
def test_all_means_from_the_network_and_logged_in(satisfy: str, enough: int) -> None:
    text = web(
        web_access_mode=["password", "link", "network"],
        web_access_networks=["192.0.2.0/24"],
        web_access_satisfy=satisfy,
    )
    rows = dict(re.findall(r'("\d{3}"|default) (\d);', block(text, 'map "$by_cookie$by_token$by_network" $let_in')))
    cases = [f'"{number:03b}"' for number in range(8)]
    let_in = {case for case in cases if rows.get(case, rows["default"]) == "1"}
    assert len(let_in) == enough
    assert '"000"' not in let_in
    if satisfy == "all":
        assert all(case[3] == "1" for case in let_in)
        assert '"001"' not in let_in


@pytest.mark.parametrize("tls", [False, True])
def test_cookies_are_out_of_reach_of_scripts_and_other_sites_and_under_tls_of_plain_http(tls: bool) -> None:
    cookies = re.findall(r'"scrimbox=[0-9a-f]{64}(; [^"]*)"', web(web_tls=tls, web_access_mode=["password", "link"]))
    assert len(cookies) == 4
    assert {"HttpOnly" in one and "SameSite=Lax" in one and "Path=/;" in one for one in cookies} == {True}
    assert {"; Secure" in one for one in cookies} == {tls}


def test_web_asks_for_a_password_everywhere_but_for_its_health_and_what_says_no() -> None:
    text = web()
    switched = [line for line in text.splitlines() if line.strip().startswith("auth_basic ")]
    assert [line.strip() for line in switched] == ["auth_basic $realm;", *["auth_basic off;"] * 4]
    for place in ("@unauthorized", "@forbidden", "= /healthz", "= /in"):
        found = text[text.index(f"location {place} {{") :]
        assert found.index("auth_basic off;") < found.index("\n        }"), place


def test_a_token_in_an_address_is_in_no_log() -> None:
    text = web(web_access_mode=["link"])
    http = text[text.index("\nhttp {") :]
    assert directives(http, "error_log") == ["stderr alert", "/dev/null emerg"]
    for layout in directives(text, "log_format"):
        for leak in (
            "$request ",
            "$request'",
            "$request_uri",
            "$args",
            "$query_string",
            "$arg_",
            "$http_",
            "$remote_user",
        ):
            assert leak not in layout, layout


def test_a_cookie_is_set_only_where_nothing_is_answered_before_the_password_was_checked() -> None:
    """A `return` of 2xx or 3xx runs before the check; only the place that /login leads to may have one."""
    text = web()
    for place in re.findall(r"\n        location ([^{]+) \{", text):
        body = text[text.index(f"location {place} {{") :]
        body = body[: body.index("\n        }")]
        if "add_header Set-Cookie $set_cookie;" in body and place != "@logged_in":
            assert not re.search(r"return [23]\d\d", body), place
    assert text.count("@logged_in") == 2
    assert "try_files /login/none @logged_in;" in text


def test_web_lists_no_folder_and_shows_no_version() -> None:
    assert directives(web(), "server_tokens") == ["off"]
    assert "autoindex" not in web()


def test_without_declared_origins_nobody_else_may_embed() -> None:
    assert "https://" not in web(web_cors_origins=[])
    assert '"https://coach.example" "https://coach.example"' in web(web_cors_origins=["https://coach.example"])


def test_content_security_policy_is_the_build_s() -> None:
    policy = "default-src 'none'; script-src 'self'"
    assert f'"200:0" "{policy}";' in web(web_content_security_policy=policy)


def test_web_keeps_out_of_raw_recordings() -> None:
    text = web()
    for folder in ("incoming", "finalizing", "set-aside"):
        assert f"location /vod/recordings/{folder}/" in text


def test_web_serves_of_the_recordings_only_what_viewers_need() -> None:
    text = web()
    start = text.index("map $uri $is_replay")
    endings = dict(re.findall(r'"\*\.([a-z0-9.]+)" ([01]);', text[start : text.index("}", start)]))
    assert {ending for ending, served in endings.items() if served == "1"} == {"mp4", "m3u8", "json", "jpg", "vtt"}
    assert endings["choices.json"] == "0"
    place = text[text.index("location /vod/recordings/ {") :]
    assert place.index("if ($is_replay = 0)") < place.index("alias ")
    assert "location /vod/recordings/. {" in text


def test_web_serves_of_the_clips_what_it_serves_of_replays_and_nothing_hidden() -> None:
    text = web()
    place = text[text.index("location /vod/clips/ {") :]
    assert place.index("if ($is_replay = 0)") < place.index("alias /srv/vod/clips/;")
    assert "location /vod/clips/. {" in text
    assert "/srv/vod/cutting" not in text


def test_a_finished_replay_s_playlist_may_be_kept_and_a_live_one_may_not() -> None:
    text = web()
    live = text[text.index("map $sent_http_content_type $cache_control") :]
    assert "mpegurl" not in live[: live.index("}")]
    replay = text[text.index("map $sent_http_content_type $replay_cache_control") :]
    assert re.search(r'"application/vnd.apple.mpegurl" "private, .*immutable";', replay[: replay.index("}")])
    place = text[text.index("location /vod/recordings/ {") :]
    place = place[: place.index("\n        }")]
    assert "add_header Cache-Control $replay_cache_control;" in place
    # A location with a header of its own loses those of the server.
    named = set(
        re.findall(r"add_header (\S+)", text[text.index("\n    server {") : text.index("location @unauthorized")])
    )
    assert len(named) > 5
    assert set(re.findall(r"add_header (\S+)", place)) == named | {"Set-Cookie"}


def test_regexes_are_used_nowhere() -> None:
    """Many of nginx's security releases are about them, and none is needed."""
    for text in (auth(), ingest(), web(web_writers=["alice"]), write()):
        assert not re.search(r"location ~|[\"\s]~\*?[^ ;]+\s+\S+;|\brewrite\b", text)


def test_web_lets_declared_sites_frame_the_player_and_nobody_by_default() -> None:
    policy = "default-src 'none'; frame-ancestors 'none'"
    closed = web(web_content_security_policy=policy)
    assert "frame-ancestors 'none'" in closed
    assert "X-Frame-Options DENY" in closed
    opened = web(web_content_security_policy=policy, web_embed_origins=["https://a.example", "https://b.example"])
    assert 'frame-ancestors https://a.example https://b.example"' in opened
    assert "frame-ancestors 'none'" not in opened
    assert "X-Frame-Options" not in opened


def location(text: str, name: str) -> str:
    """What stands in a location of a configuration."""
    return text[text.index(f"location {name} {{") :].partition("\n        }\n")[0]


def test_write_listens_on_a_socket_in_a_closed_folder_and_takes_put_alone() -> None:
    text = write()
    assert directives(text, "listen") == ["unix:/run/scrimbox-write/notes.sock"]
    assert directives(text, "dav_methods") == ["PUT"]
    assert directives(text, "root") == ["/srv/review/inbox"]
    assert "create_full_put_path" not in text
    assert "alias" not in text
    assert "autoindex" not in text


def test_each_who_may_write_has_a_door_of_their_own_and_nobody_else_has_one() -> None:
    text = web(web_writers=["bob"])
    own = location(text, "/write/bob/")
    assert 'if ($viewer != "bob")' in own
    assert "proxy_set_header Author bob;" in own
    assert directives(own, "proxy_pass") == ["http://unix:/run/scrimbox-write/notes.sock:/bob."]
    assert "location /write/alice/" not in text
    assert "proxy_pass" not in web()
    assert text.count("proxy_pass ") == 1


def test_the_right_to_write_is_said_of_those_who_have_it() -> None:
    text = web(web_writers=["bob"])
    said = text[text.index("map $viewer $may_write {") :].partition("}")[0]
    assert '"bob" true;' in said
    assert "alice" not in said


def test_a_password_tells_who_it_is_only_where_passwords_let_in() -> None:
    assert '"Scrimbox:alice" "alice";' in web()
    by_link = web(web_access_mode=["link"])
    assert '"Scrimbox:alice"' not in by_link
    assert f'"{"c" * 64}" "alice";' in by_link
