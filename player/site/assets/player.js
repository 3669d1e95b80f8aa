// The page of one stream: follows its state document, plays what there is, says what there is to say.

import "./vendor/media-chrome.js";
import { offerOf, step, targetOf } from "./choice.js";
import { setUpControls } from "./controls.js";
import { copyWords } from "./copy.js";
import { dateText, timeText } from "./format.js";
import { canPlayHls } from "./hls-source.js";
import { momentLink, readLink, studioLink } from "./link.js";
import { stayLive } from "./live-edge.js";
import { adviceFor, badgeFor, messageFor } from "./messages.js";
import { whatOpens } from "./opening.js";
import { fillWords, findElements, say, showLiveButton } from "./page.js";
import { createPlayback } from "./playback.js";
import { stateDelay, watchDocument } from "./poll.js";
import { createReviewDoor } from "./review-door.js";
import { begin } from "./sound.js";
import { createStage } from "./stage.js";
import { text } from "./text.js";
import { createTimeline } from "./timeline.js";
import { watchSleep } from "./wake.js";

const LIVE_BUTTON_MS = 500;
// A failure that is over this soon, in ms, is not worth a word.
const PATIENCE_MS = 2500;
// What was just done is said for so long, in ms.
const NOTICE_MS = 8000;

const elements = findElements();
const stage = createStage(elements.controller);
// `video` is whichever of the two is on screen: to be read at each use.
const page = Object.defineProperty(elements, "video", { get: () => stage.video });
page.on = stage.on;
const link = readLink(window.location.search);

let state = null;
let offer = null;
let problem = null;
let notice = null;
let played = false;
let finding = false;
let poll = { now() {} };
let controls = null;

const playback = createPlayback(stage, {
  onChange: render,
  // The state may say why, or that all is well again: the session ended, the login is gone or back.
  onTrouble: () => poll.now(),
  onMuted: () => (page.sound.hidden = false),
  resume: (target) => controls.resume(target),
});

function render() {
  const { kind, source } = playback;
  const view = {
    id: link.id,
    problem,
    state: state ? state.state : "loading",
    source: kind,
    offer,
    notice,
    ended: page.video.ended,
    soundOnly: page.video.readyState > 1 && page.video.videoWidth === 0,
    trouble: playback.troubleFor > PATIENCE_MS,
    played,
  };
  document.body.dataset.state = view.state;
  document.body.dataset.source = kind;
  document.body.dataset.door = playback.door;
  document.body.dataset.problem = problem || "";
  const name = state ? state.title || state.id : text.site;
  document.title = state ? `${name} · ${text.site}` : text.site;
  say(page.title, name);
  say(page.badge, badgeFor(view));
  showAdvice(adviceFor(kind, state));
  say(page.message, messageFor(view));
  say(page.times, timesText(source));
  // Who is not logged in can do nothing else first.
  const known = problem !== "login";
  page.switch.hidden = offer === null || !known;
  if (offer) {
    say(page.switch, offer === "live" ? text.labels.liveAgain : text.labels.newest);
  }
  page["from-start"].hidden = !(known && page.video.ended && (kind === "mp4" || kind === "dvr"));
  page["log-in"].hidden = known;
  page.copy.hidden = source === null;
  page["review-button"].hidden = source === null;
  showLiveButton(page.live, playback.behindLive());
}

/** A quiet mark that the streamer could do something for the picture; its page says what. */
function showAdvice(told) {
  page.mark.hidden = told === "";
  page.mark.title = told;
  page.mark.href = studioLink(link.id);
}

/** Whoever catches up in quick motion arrives in the present, where there is nothing to be quicker than. */
function arrive() {
  if (playback.speed > 1 && playback.behindLive() === 0) {
    page.video.playbackRate = 1;
    playback.chooseSpeed(1);
  }
}

/** When what is shown was recorded. */
function timesText(source) {
  if (!source) {
    return "";
  }
  const { kind, started } = source.target;
  return kind === "mp4" ? text.replayOf(dateText(started)) : text.startedAt(timeText(started));
}

/** Opens what the page’s own link asks for. */
async function openLink() {
  finding = true;
  try {
    const found = await whatOpens(link, state);
    notice = found.notice;
    if (notice === "moment") {
      showNotice(notice);
    }
    if (found.target) {
      openFound(found);
    }
    offerOthers();
  } catch {
    // The server did not say: asked again with the next state.
    problem = "connection";
  }
  finding = false;
  render();
}

function openFound({ target, wall }) {
  if (target.kind !== "mp4" && !canPlayHls()) {
    problem = "unsupported";
    return;
  }
  playback.open(target, { wall });
}

/** Who came for a recording that is not there is offered what is, and not taken to it. */
function offerOthers() {
  const target = targetOf(state);
  if (playback.source) {
    nextStep();
  } else {
    offer = notice === "recording" && target ? offerOf(target) : null;
  }
}

function firstStep() {
  if (notice === "recording") {
    offerOthers();
  } else if (targetOf(state) || link.recording !== null) {
    openLink();
  }
}

function nextStep() {
  const { source } = playback;
  const next = step(source.target, state, { failing: playback.failing, wall: source.wall() });
  offer = next.offer;
  if (next.open !== undefined) {
    playback.reopen(next.open);
  } else if (next.follow) {
    source.follow(next.follow);
  }
  playback.replaceBy(next.replace || null, { urgent: source.target.kind === "hls" });
}

function onState(document) {
  const loggedIn = problem === "login";
  state = document;
  problem = null;
  if (!playback.source && !finding) {
    firstStep();
  } else if (playback.source) {
    nextStep();
  }
  const { source } = playback;
  if (source) {
    source.expectGrowth(state.state === "live");
    if (loggedIn) {
      source.retryNow();
    }
  }
  render();
}

function onProblem(found) {
  problem = found;
  render();
}

function goLive() {
  const edge = playback.source ? playback.source.edge() : null;
  if (edge !== null) {
    page.video.playbackRate = 1;
    playback.chooseSpeed(1);
    page.video.currentTime = edge;
    begin(page.video, () => (page.sound.hidden = false));
  }
}

function openOffered() {
  offer = null;
  notice = null;
  playback.open(targetOf(state));
}

/** Takes the address of what is on screen along; it holds for the replay too. Says whether it is copied. */
async function copyMoment() {
  const { source } = playback;
  if (!source) {
    return false;
  }
  const wall = source.wall();
  const address = momentLink(link.id, wall) + review.fragment(wall);
  const copied = await copyWords(window.location.origin + address, page["link-field"]);
  if (!copied) {
    showNotice("copy");
    if (document.fullscreenElement) {
      // The field is on the page, below the picture.
      document.exitFullscreen();
    }
  }
  return copied;
}

function showNotice(found) {
  notice = found;
  render();
  setTimeout(() => {
    if (notice === found) {
      notice = null;
      render();
    }
  }, NOTICE_MS);
}

/** After sleep the network may be new, and the stream another. */
function wake() {
  poll.now();
  if (playback.source) {
    playback.source.retryNow({ anyway: true });
  }
}

function setSpeed(rate) {
  page.video.playbackRate = rate;
  playback.chooseSpeed(rate);
}

/** The speed button shows what the viewer chose, not the tenth by which the live edge is caught up with. */
function hideCatchingUp(event) {
  if (event.target === page.video && page.video.playbackRate !== playback.speed) {
    event.stopPropagation();
  }
}

function wire() {
  page.live.addEventListener("click", goLive);
  page.switch.addEventListener("click", openOffered);
  page.copy.addEventListener("click", async () => (await copyMoment()) && showNotice("copied"));
  page["from-start"].addEventListener("click", () => {
    page.video.currentTime = 0;
    page.video.play();
  });
  page.sound.addEventListener("click", () => {
    page.video.muted = false;
    page.video.play();
  });
  page["log-in"].href = window.location.pathname + window.location.search;
  page.controller.addEventListener("mediaplaybackraterequest", (event) => playback.chooseSpeed(Number(event.detail)));
  page.controller.addEventListener("ratechange", hideCatchingUp, true);
  stage.on("volumechange", () => {
    page.sound.hidden = page.sound.hidden || !page.video.muted;
  });
  stage.on("playing", () => (played = true));
  ["ended", "seeked", "playing", "pause"].forEach((name) => stage.on(name, render));
  window.addEventListener("online", () => playback.source && playback.source.retryNow());
  stage.on("timeupdate", arrive);
  watchSleep(wake);
  const keeper = stayLive(stage, {
    view: () => ({
      behind: playback.behindLive(),
      paused: page.video.paused,
      speed: playback.speed,
      failing: playback.failing,
    }),
    goLive,
  });
  setInterval(() => {
    keeper.tick();
    render();
  }, LIVE_BUTTON_MS);
}

const { controller } = page;
const watched = { stage, playback, state: () => state, frames: () => controls.frames };
const review = createReviewDoor(createTimeline({ id: link.id, controller, ...watched }));

fillWords();
wire();
controls = setUpControls({
  page,
  video: () => page.video,
  replay: () => playback.source && playback.source.target.replay,
  edge: () => (playback.source ? playback.source.edge() : null),
  goLive,
  setSpeed,
  copyMoment,
  review,
});
if (link.problem) {
  onProblem(link.problem);
} else {
  poll = watchDocument(`/streams/${link.id}.json`, {
    delay: (document) => stateDelay(document.state, window.document.hidden),
    onDocument: onState,
    onProblem,
  });
}
