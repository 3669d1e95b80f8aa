// The page of several points of view: which streams belong to its link, and what is said about them.

import { copyWords } from "./copy.js";
import { dateText } from "./format.js";
import { canPlayHls } from "./hls-source.js";
import { readViews, viewsLink } from "./link.js";
import { withClock } from "./opening.js";
import { fillWords, say } from "./page.js";
import { watchDocument } from "./poll.js";
import { text } from "./text.js";
import { setUpAlignment } from "./views-align.js";
import { makeBar } from "./views-bar.js";
import { setUpControls } from "./views-controls.js";
import { createGroup } from "./views-group.js";
import { badgeFor, messageFor, reasonFor } from "./views-messages.js";
import { buildPage, layOut, showButtons, watchPhone } from "./views-page.js";
import { alignmentOf, findMatch, matchRange, olderReplays, sittingRange, streamsOf } from "./views-sitting.js";
import { makeTimeline } from "./views-timeline.js";
import { createView } from "./views-view.js";
import { watchSleep } from "./wake.js";

const MOST_VIEWS = 9;
const RENDER_MS = 250;
const SHOW_MS = 100;
const INDEX_MS = 5000;
const INDEX_HIDDEN_MS = 60000;
// What was just done is said for so long, in ms.
const NOTICE_MS = 8000;
// The states of all streams are waited for so long, in ms, before the page begins with those that are known.
const PATIENCE_MS = 4000;

const link = readViews(window.location.search);
const bar = makeBar({
  onFocus: focus,
  onHear: hear,
  onScrub: (time) => group.scrub(time),
  onRelease: () => group.release(),
});
const page = buildPage(bar.element);
const older = new Map();
const opened = performance.now();

let all = [];
let match = null;
// A later match of the group that the link names: nobody is taken to it who watches another.
let newer = null;
let problem = link.problem || null;
let notice = null;
let focusedId = null;
let heardId = null;
let large = false;
let range = null;
let phone = watchPhone((on) => {
  phone = on;
  arrange();
});

/** The views that play: on a phone the one that is looked at. */
const awake = () => (phone ? all.filter(({ id }) => id === focusedId) : all);

const group = createGroup({
  all: () => all,
  views: awake,
  heard: () => heardId,
  focused: () => focusedId,
  onChange: render,
});
const alignment = setUpAlignment({ views: awake, group, heard: () => heardId, say: tell });
const { timeline, changed } = makeTimeline({
  views: () => all,
  focused: () => focusedId,
  group,
  bar: bar.over,
  focus,
  over,
});
let controls = null;
// Markers, clips and what else belongs to a review: loaded like the page itself when it is wanted.
let review = { act: () => false, fragment: () => "" };

const byId = (id) => all.find((view) => view.id === id);

/** Gives a view the sound, and takes it from the other; who has switched it off is not surprised by it. */
function hear(id) {
  const silent = byId(heardId).video.muted;
  heardId = id;
  all.forEach((view) => {
    view.video.muted = view.id !== id || silent;
  });
  if (phone) {
    focusedId = id;
    arrange();
  }
  controls.hint(text.views.heard(byId(id).title));
  render();
}

/** Looks at a view; who is looked at already is shown large, or as large as the others again. */
function focus(id, { again = true } = {}) {
  if (id === focusedId && again && !phone) {
    setLarge(!large);
    return;
  }
  focusedId = id;
  if (phone) {
    hear(id);
  }
  arrange();
  changed();
}

function setLarge(on) {
  large = on;
  arrange();
}

function next(by) {
  if (phone) {
    const at = all.findIndex(({ id }) => id === focusedId);
    focus(all[(at + by + all.length) % all.length].id);
  }
}

/** Puts a form over all pictures, and what is drawn over the one that is looked at, which is then shown whole. */
function over(element) {
  if (element.classList.contains("strip")) {
    page.tiles.after(element);
  } else {
    controls.zoom.off();
    byId(focusedId).tile.element.append(element);
  }
}

/** Lays everything out; on a phone one view plays, and the others give back what they take. */
function arrange() {
  document.body.classList.toggle("phone", phone);
  all.filter((view) => !awake().includes(view)).forEach((view) => view.sleep());
  const at = all.findIndex(({ id }) => id === focusedId);
  if (phone) {
    all.forEach(({ tile }) => tile.element.removeAttribute("style"));
  } else {
    layOut(page.tiles, all.map(({ tile }) => tile.element), large ? at : null);
  }
  render();
}

function addViews(ids) {
  const wanted = ids.slice(0, MOST_VIEWS).filter((id) => !byId(id));
  const made = wanted.map((id, i) =>
    createView(id, all.length + i + 1, {
      moved: (target) => movedBy(id, target),
      older: () => older.get(id) || [],
      onChange: () => {
        begin();
        changed();
      },
      onReady: () => group.tick(),
      onMuted: () => (page.sound.hidden = false),
    }),
  );
  if (made.length === 0) {
    return;
  }
  all = all.concat(made);
  page.tiles.append(...made.map(({ tile }) => tile.element));
  focusedId = focusedId || all[0].id;
  heardId = heardId || all[0].id;
  bar.setViews(all);
  controls = controls || setUp();
  made.forEach((view) => {
    view.video.volume = byId(heardId).video.volume;
  });
  controls.zoom.again();
  arrange();
}

function movedBy(id, target) {
  const here = alignment.moved(id);
  return here === null ? alignmentOf(byId(id) && byId(id).state, target) : here;
}

function setUp() {
  return setUpControls({
    page,
    group,
    views: () => all,
    video: () => byId(heardId).video,
    chosen: { focus, hear, next, layout: () => !phone && setLarge(!large) },
    alignment,
    copyMoment,
    act: (does, by) => review.act(does, by),
  });
}

const everything = () => [].concat(...all.map((view) => view.everything()));

/** What is watched: the match's time, or that of what overlaps; found once all streams have said what they have. */
function begin() {
  const known = all.length > 0 && all.every(({ state, problem: found }) => state || found);
  if (!known && performance.now() - opened < PATIENCE_MS) {
    return;
  }
  const told = matchRange(match);
  const first = range === null;
  const items = everything();
  const near = link.moment && link.moment.wall !== undefined ? link.moment.wall : null;
  const anchor = first || group.wall === null ? near : group.wall;
  const found = told ? { from: told[0], to: told[1] } : sittingRange(items, anchor);
  if (found === null) {
    return;
  }
  range = found;
  all.forEach((view) => {
    view.range = range;
  });
  if (first) {
    start(near);
  }
}

/** Where the page begins: at its link's moment, live, or as soon as two have pictures. */
function start(near) {
  const { moment } = link;
  const live = all.some((view) => view.isLive() || (view.state && ["live", "interrupted"].includes(view.state.state)));
  if (near !== null) {
    group.seek(near);
  } else if (moment) {
    group.seek(range.from + moment.offset * 1000);
  } else if (!(live && range.to > Date.now())) {
    const starts = all.map((view) => Math.min(...view.spans().map(([from]) => from))).filter(Number.isFinite);
    group.seek(starts.sort((one, other) => one - other)[Math.min(1, starts.length - 1)] + 1);
  }
}

function onIndex(index) {
  if (link.match !== null) {
    const newest = findMatch(index.matches, link.match);
    match = (match && findMatch(index.matches, match.id)) || match || newest;
    newer = newest && match !== newest ? newest.id : null;
    const ids = streamsOf(index, match ? match.id : link.match);
    problem = ids.length > 0 ? null : "unknownMatch";
    addViews(ids);
  } else {
    addViews(link.ids);
    problem = null;
  }
  if (match) {
    all.forEach(({ id, state }) => findOlder(index, id, state ? state.replays.map(({ file }) => file) : []));
  }
  begin();
  render();
}

/** Replays of the match that a stream's own document lists no more. */
async function findOlder(index, id, listed) {
  const found = olderReplays(index, match, id, listed);
  if (found.length > 0 && found.length !== (older.get(id) || []).length) {
    older.set(id, await Promise.all(found.map(withClock)));
    begin();
  }
}

function showNotice(words) {
  notice = words;
  render();
  setTimeout(() => {
    if (notice === words) {
      notice = null;
      render();
    }
  }, NOTICE_MS);
}

/** Says something where it is seen: in full screen that is on the picture. */
function tell(words) {
  showNotice(words);
  if (document.fullscreenElement) {
    controls.hint(words, NOTICE_MS);
  }
}

/** Why a view shows nothing, or not the present moment. */
function reasonOf(view) {
  const { state, problem: found, playback } = view;
  const { wall } = group;
  return reasonFor({
    problem: found,
    state: state && state.state,
    recorded: view.spans().length > 0,
    begun: wall !== null,
    due: wall !== null && view.isDue(wall),
    kind: playback.kind,
    opening: playback.source !== null && view.isOpening(),
    awaited: wall !== null && view.isAwaited(wall),
    failing: playback.failing,
  });
}

function showView(view) {
  const playing = group.playing && !group.scrubbing && !group.separate;
  const due = group.wall !== null && view.isDue(group.wall);
  const off = awake().includes(view) && !group.scrubbing && !group.separate && view.isOff(group.wall, playing);
  const dim = !group.ended && (view.playback.source === null || (!due && !group.separate) || off);
  view.tile.change({
    title: view.title,
    reason: dim && awake().includes(view) ? reasonOf(view) : "",
    dim,
    absent: dim && !due,
    focused: view.id === focusedId,
    heard: view.id === heardId,
  });
}

function title() {
  if (match) {
    return match.title || match.group;
  }
  return link.match || all.map((view) => view.title).join(" · ");
}

function render() {
  const name = title() || text.site;
  document.title = name === text.site ? name : `${name} · ${text.site}`;
  document.body.dataset.source = "views";
  document.body.dataset.state = all.length > 0 || problem ? "ready" : "loading";
  document.body.dataset.problem = problem || "";
  document.body.dataset.empty = all.length > 0 ? "" : "yes";
  say(page.title, name);
  const waiting = all.length > 0 && range === null && performance.now() - opened > PATIENCE_MS;
  const login = all.some((view) => view.problem === "login");
  say(page.badge, badgeFor(all.map((view) => view.playback.kind), waiting));
  page.badge.classList.toggle("on", group.liveTime() !== null);
  say(page.message, messageFor({ problem, name: link.match, login, aligning: group.separate, notice, waiting }));
  const known = !login && problem !== "login";
  page["log-in"].hidden = known;
  page.switch.hidden = newer === null || !known;
  say(page.switch, text.labels.newest);
  page.copy.hidden = range === null;
  const shown = group.range();
  say(page.times, match ? dateText(match.started) : shown ? dateText(new Date(shown.from).toISOString()) : "");
  all.forEach(showView);
  bar.show({
    time: byId(focusedId) ? group.timeOf(byId(focusedId)) : group.wall,
    shown,
    looped: group.loop,
    lines: Object.fromEntries(all.map((view) => [view.id, lineOf(view)])),
  });
  const heard = byId(heardId);
  showButtons(page, {
    playing: group.playing,
    muted: heard ? heard.video.muted : false,
    volume: heard ? heard.video.volume : 1,
    large,
    looping: group.loop.from !== null,
    separate: group.separate,
    behind: group.behindLive(),
    now: shown && group.wall !== null ? (group.wall - shown.from) / 1000 : null,
    whole: shown ? (shown.to - shown.from) / 1000 : 0,
  });
}

function lineOf(view) {
  const { id, title: name } = view;
  return { title: name, spans: view.spans(), focused: id === focusedId, heard: id === heardId };
}

async function copyMoment() {
  const moment = viewsLink({ match: match ? match.id : link.match, ids: link.ids }, group.wall);
  const address = moment + review.fragment(timeline.now());
  const copied = await copyWords(window.location.origin + address, page["link-field"]);
  if (!copied) {
    showNotice(text.messages.copy);
    if (document.fullscreenElement) {
      document.exitFullscreen();
    }
  }
  return copied;
}

function wire() {
  page.copy.addEventListener("click", async () => (await copyMoment()) && showNotice(text.messages.copied));
  page.switch.addEventListener("click", () => window.location.assign(viewsLink({ match: newer, ids: [] })));
  page["log-in"].href = window.location.pathname + window.location.search;
  // Not amid the layout that it is told of: WebKit reports that as an error.
  new window.ResizeObserver(() => window.requestAnimationFrame(arrange)).observe(page.tiles);
  window.addEventListener("online", () => all.forEach((view) => view.retry()));
  watchSleep(() => {
    all.forEach((view) => {
      view.poll();
      view.retry({ anyway: true });
    });
  });
  setInterval(render, RENDER_MS);
  setInterval(() => all.forEach(showView), SHOW_MS);
}

fillWords();
wire();
import("./review-door.js").then(
  ({ createReviewDoor }) => (review = createReviewDoor(timeline)),
  // Without a network there is a page without a review.
  () => {},
);
if (!canPlayHls()) {
  problem = problem || "unsupported";
}
if (problem) {
  render();
} else {
  watchDocument("/streams/index.json", {
    delay: () => (document.hidden ? INDEX_HIDDEN_MS : INDEX_MS),
    onDocument: onIndex,
    onProblem(found) {
      problem = found === "unknown" ? null : found;
      render();
    },
  });
}
