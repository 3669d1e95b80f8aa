# Scrimbox. `make help` explains every target; the work is done by tools/.
PYTHON ?= python3
VENV := .venv/bin/python
export DOMAIN ROTATE INGEST NGINX CHECK SUITE
# Only `make … HOST=…` names a server: some shells export a HOST of their own, which nobody means.
ifeq ($(origin HOST),command line)
export HOST
else
unexport HOST
endif
# The same for what a rotation replaces, for the stream of a profile, and for a note.
$(foreach name,KEY VIEWER ALL STREAM NOTE,$(eval $(if $(filter command,$(origin $(name))),export,unexport) $(name)))
# The same for a recording, whose title arrives as it was typed: make would take $5 for a variable of its own.
ifeq ($(origin FILE),command line)
override FILE := $(value FILE)
export FILE
else
unexport FILE
endif
ifeq ($(origin TITLE),command line)
override TITLE := $(value TITLE)
export TITLE
else
unexport TITLE
endif

# Options, for `make help`:
#HOST=server ## user@server[:port], localhost, demo, or a host of inventory/hosts.yml
#DOMAIN=name ## deploy, credentials, obs-profile: the public name, where it is not HOST's
#FILE=name ## pin, unpin, title, notes, unclip: a recording or a clip, as in its link (match123-20260101T200000Z)
#TITLE='text' ## title: what viewers read; empty: the stream's title again
#NOTE=id ## unnote: the ID of a note, as make notes lists it
#CHECK=yes ## deploy, rollback: change nothing, show what would be changed
#INGEST=force ## deploy, rollback: restart ingest although a stream is live, which cuts it
#KEY=id/name ## rotate: the publish key of one publisher, of a stream (KEY=match123), or all
#STREAM=id ## obs-profile: a stream, or one of its publishers (STREAM=shared/alice)
#VIEWER=name ## rotate: password, link and cookie of one viewer, or all
#ALL=yes ## rotate: every secret there is
#ROTATE=yes ## deploy, access: replace the secrets on the server by those of this clone
#NGINX=1.26.3 ## deploy: another version of the nginx role's catalogue
#ONLY=latency ## bench: one experiment (make bench ONLY=soak: an hour)
#SUITE=trixie ## image, converge: bullseye, bookworm or trixie; else Ubuntu 22.04, or this machine's own
.DEFAULT_GOAL := help
.PHONY: help demo demo-down deploy access rotate credentials obs-profile status cleanup-plan pin unpin title unclip notes unnote rollback venv dev ready image clean
.PHONY: test test-all lint unit render converge verify destroy bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@awk -F '## ' '/^#[A-Z]+=/ {printf "%s%-14s %s\n", (n++ ? "           " : "\n  options: "), substr($$1, 2), $$2}' Makefile

demo: venv ## a server in a container on this machine, a test pattern live on it, a link to open
	@$(VENV) -m tools.demo

demo-down: ## take the demo away again: container, images, its secrets, the engine if it was started for it
	@$(PYTHON) -m tools.demo_down

deploy: venv ## provision a server, or every host of inventory/
	@$(VENV) -m tools.deploy deploy

access: venv ## deploy changed viewers, keys and access modes alone: quick, and ingest is not touched
	@$(VENV) -m tools.deploy access

rotate: venv ## replace secrets: make rotate HOST=… KEY=match123/alice | KEY=all | VIEWER=alice | ALL=yes
	@$(VENV) -m tools.deploy rotate

credentials: venv ## show links, OBS settings and logins
	@$(VENV) -m tools.credentials

obs-profile: venv ## write the settings that a streamer imports into OBS: make obs-profile HOST=… STREAM=…
	@$(VENV) -m tools.obs_profile

status: venv ## show streams, disk and failed services
	@$(VENV) -m tools.deploy status

cleanup-plan: venv ## show which replays the next clean-up would delete, and why
	@$(VENV) -m tools.deploy cleanup-plan

pin: venv ## keep a replay for ever: make pin HOST=… FILE=…
	@$(VENV) -m tools.deploy pin

unpin: venv ## let retention delete a replay again
	@$(VENV) -m tools.deploy unpin

title: venv ## give a replay a title of its own: make title HOST=… FILE=… TITLE='…'
	@$(VENV) -m tools.deploy title

unclip: venv ## delete a clip: make unclip HOST=… FILE=…
	@$(VENV) -m tools.deploy unclip

notes: venv ## show what viewers have written about a recording: make notes HOST=… FILE=…
	@$(VENV) -m tools.deploy notes

unnote: venv ## delete a note of a viewer, and the clips that it asked for: make unnote HOST=… NOTE=…
	@$(VENV) -m tools.deploy unnote

rollback: venv ## go back to the nginx build before the current one
	@$(VENV) -m tools.deploy rollback

venv: ## make .venv with Ansible and Node; the other targets do it by themselves
	@$(PYTHON) -m tools.bootstrap --quiet

dev:
	@$(PYTHON) -m tools.bootstrap --dev --quiet

ready: dev
	@$(VENV) -m tools.test_prerequisites
	@$(VENV) -m tools.engine

test: ready ## everything from nothing: linters, unit and template tests, then a real server, a real push, a real browser
	@$(VENV) -m tools.rings lint unit render system

test-all: export SCRIMBOX_SLOW := yes
test-all: ready ## test, the slow faults, and Debian 11 and 13
	@$(VENV) -m tools.rings lint unit render system system:bullseye system:trixie

lint: dev ## linters only: Ansible, YAML, Python, types, JavaScript
	@$(VENV) -m tools.rings lint

unit: dev ## unit tests only: seconds, no container
	@$(VENV) -m tools.rings unit

render: dev ## template tests only: seconds, no container
	@$(VENV) -m tools.rings render

converge: ready ## provision the tests' container and keep it
	@$(VENV) -m tools.rings converge$(if $(SUITE),:$(SUITE))

verify: ready ## run the system and browser tests against the kept container
	@$(VENV) -m tools.rings verify

bench: ready ## measure a server side by side with what it is compared with; writes docs/performance.md
	@$(PYTHON) -m tools.bootstrap --bench --quiet
	@$(VENV) -m bench $(if $(filter command,$(origin ONLY)),$(ONLY))

destroy: dev ## remove the tests' container
	@$(VENV) -m tools.rings destroy

image: ## make the image of the demo and the tests
	@$(PYTHON) -m tools.image $(SUITE)

clean: ## remove what was built and installed here (.venv, build/, caches), never secrets
	@rm -rf .venv build artefacts .pytest_cache .mypy_cache .ruff_cache .ansible player/node_modules tests/e2e/browser/node_modules
