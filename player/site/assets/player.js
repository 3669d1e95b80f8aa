// The page of one stream: follows its state document, plays what there is, says what there is to say.

import "./vendor/media-chrome.js";
import { doorOf, step } from "./choice.js";
import { dateText, timeText } from "./format.js";
import { canPlayHls, openHls } from "./hls-source.js";
import { readLink } from "./link.js";
import { badgeFor, messageFor } from "./messages.js";
import { openMp4 } from "./mp4-source.js";
import { fillWords, findElements, say, showLiveButton } from "./page.js";
import { showPictures } from "./pictures.js";
import { stateDelay, watchDocument } from "./poll.js";
import { begin } from "./sound.js";
import { text } from "./text.js";

const LIVE_BUTTON_MS = 500;
// A failure that is over this soon, in ms, is not worth a word.
const PATIENCE_MS = 2500;
const REOPEN_MS = 2000;

const page = findElements();
const { video } = page;
const link = readLink(window.location.search);

let state = null;
let source = null;
let offer = null;
let problem = null;
let troubleSince = null;
let played = false;
let speed = 1;
let door = "none";
// Replays whose playlist did not play, by the address of the file.
const failedPlaylists = new Set();
let poll = { now() {} };

function render() {
  const kind = source ? source.target.kind : "none";
  const view = {
    id: link.id,
    problem,
    state: state ? state.state : "loading",
    source: kind,
    offer,
    ended: video.ended,
    trouble: troubleSince !== null && performance.now() - troubleSince > PATIENCE_MS,
    played,
  };
  document.body.dataset.state = view.state;
  document.body.dataset.source = kind;
  document.body.dataset.door = source ? door : "none";
  document.body.dataset.problem = problem || "";
  const name = state ? state.title || state.id : text.site;
  document.title = state ? `${name} · ${text.site}` : text.site;
  say(page.title, name);
  say(page.badge, badgeFor(view));
  say(page.message, messageFor(view));
  say(page.times, timesText());
  page.switch.hidden = offer === null;
  if (offer) {
    say(page.switch, offer === "live" ? text.labels.liveAgain : text.labels.newest);
  }
  page["from-start"].hidden = !(video.ended && (kind === "mp4" || kind === "dvr"));
  page["log-in"].hidden = problem !== "login";
  showLiveButton(page.live, behindLive());
}

/** How far behind the live edge the picture is, in s, or null when there is none. */
function behindLive() {
  const edge = source ? source.edge() : null;
  return edge === null ? null : Math.max(0, edge - video.currentTime);
}

/** Whoever catches up in quick motion arrives in the present, where there is nothing to be quicker than. */
function arrive() {
  if (speed > 1 && behindLive() === 0) {
    video.playbackRate = 1;
    chooseSpeed(1);
  }
}

/** When what is shown was recorded. */
function timesText() {
  if (!source) {
    return "";
  }
  const { kind, started } = source.target;
  return kind === "mp4" ? text.replayOf(dateText(started)) : text.startedAt(timeText(started));
}

/** Changes to another source, or to none; `wall` is the wall clock to begin at in ms, null for the usual place. */
function open(target, { wall = null, play = true } = {}) {
  if (source) {
    source.close();
  }
  source = null;
  troubleSince = null;
  if (target) {
    door = doorOf(target, { canPlayHls: canPlayHls(), failed: failedPlaylists.has(target.url) });
    const openSource = door === "file" ? openMp4 : openHls;
    source = openSource(video, { target, wall, play, onTrouble, onBroken });
    source.setSpeed(speed);
    showPictures(video, target, { fresh: wall === null });
    if (play) {
      begin(video, () => (page.sound.hidden = false));
    }
  }
  render();
}

/** Opens a source at the moment of the match that is on screen now, playing or paused as now. */
function reopen(target) {
  if (!source) {
    open(target);
  } else if (video.ended) {
    open(target, { wall: Infinity, play: false });
  } else {
    open(target, { wall: source.wall(), play: !video.paused });
  }
}

function onTrouble(trouble) {
  if (!trouble) {
    troubleSince = null;
  } else if (troubleSince === null) {
    troubleSince = performance.now();
    // The state may say why: the session ended, the login is gone.
    poll.now();
  }
}

function onBroken() {
  const broken = source;
  if (broken.target.kind === "mp4") {
    // The same replay by its other door, at once and at the same place.
    failedPlaylists.add(broken.target.url);
    reopen(broken.target);
    return;
  }
  onTrouble(true);
  setTimeout(() => source === broken && reopen(broken.target), REOPEN_MS);
}

function onState(document) {
  state = document;
  problem = null;
  const wall = source && source.wall();
  const next = step(source && source.target, state, { failing: troubleSince !== null, wall });
  offer = next.offer;
  if (next.open && next.open.kind !== "mp4" && !canPlayHls()) {
    problem = "unsupported";
  } else if (next.open !== undefined) {
    reopen(next.open);
  } else if (next.follow) {
    source.follow(next.follow);
  }
  if (source) {
    source.expectGrowth(state.state === "live");
  }
  render();
}

function onProblem(found) {
  problem = found;
  render();
}

function goLive() {
  const edge = source ? source.edge() : null;
  if (edge !== null) {
    video.playbackRate = 1;
    chooseSpeed(1);
    video.currentTime = edge;
    begin(video, () => (page.sound.hidden = false));
  }
}

function chooseSpeed(rate) {
  speed = rate;
  // What the next source begins with.
  video.defaultPlaybackRate = rate;
  if (source) {
    source.setSpeed(rate);
  }
}

/** The speed button shows what the viewer chose, not the tenth by which the live edge is caught up with. */
function hideCatchingUp(event) {
  if (video.playbackRate !== speed) {
    event.stopPropagation();
  }
}

function wire() {
  page.live.addEventListener("click", goLive);
  page.switch.addEventListener("click", () => {
    offer = null;
    open(step(null, state).open);
  });
  page["from-start"].addEventListener("click", () => {
    video.currentTime = 0;
    video.play();
  });
  page.sound.addEventListener("click", () => {
    video.muted = false;
    video.play();
  });
  page["log-in"].href = window.location.pathname + window.location.search;
  page.controller.addEventListener("mediaplaybackraterequest", (event) => chooseSpeed(Number(event.detail)));
  page.controller.addEventListener("ratechange", hideCatchingUp, true);
  video.addEventListener("volumechange", () => {
    page.sound.hidden = page.sound.hidden || !video.muted;
  });
  video.addEventListener("playing", () => (played = true));
  ["ended", "seeked", "playing", "pause"].forEach((name) => video.addEventListener(name, render));
  window.addEventListener("online", () => source && source.retryNow());
  video.addEventListener("timeupdate", arrive);
  setInterval(render, LIVE_BUTTON_MS);
}

fillWords();
wire();
if (link.problem) {
  onProblem(link.problem);
} else {
  poll = watchDocument(`/streams/${link.id}.json`, {
    delay: (document) => stateDelay(document.state, window.document.hidden),
    onDocument: onState,
    onProblem,
  });
}
