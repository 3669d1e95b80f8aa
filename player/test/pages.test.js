import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { text } from "../site/assets/text.js";

const SITE = new URL("../site/", import.meta.url);
const read = (path) => readFileSync(new URL(path, SITE), "utf8");
const all = (words, pattern) => [...words.matchAll(pattern)].map(([, found]) => found);

/** The modules that a module needs, itself included, by path below the site. */
function modulesOf(path, found = new Set()) {
  if (!found.has(path)) {
    found.add(path);
    if (!path.includes("/vendor/")) {
      all(read(path), /^import [^;]*?"\.\/([^"]+)";$/gm).forEach((name) => modulesOf(`assets/${name}`, found));
    }
  }
  return found;
}

const isOwn = (path) => /^assets\/(?:home|studio)/.test(path);

// Where a page's script begins, and what it comes to without being asked for several streams.
const PAGES = [
  ["player.html", "assets/start.js", "assets/player.js"],
  ["index.html", "assets/home.js", "assets/home.js"],
  ["studio.html", "assets/studio.js", "assets/studio.js"],
];

test("every module exports what others import from it", () => {
  const names = readdirSync(new URL("assets/", SITE)).filter((name) => name.endsWith(".js"));
  assert.ok(names.length > 50);
  for (const name of names) {
    for (const [, wanted, from] of read(`assets/${name}`).matchAll(/^import \{([^}]+)\} from "\.\/([^"]+)";$/gm)) {
      const exported = from.startsWith("vendor/") ? null : read(`assets/${from}`);
      const asked = wanted.split(",").map((one) => one.trim().split(" as ")[0]).filter(Boolean);
      asked.forEach((one) => {
        const pattern = new RegExp(`^export (?:async )?(?:function|const|class) ${one}\\b`, "m");
        assert.ok(exported === null || pattern.test(exported), `${name}: ${one} of ${from}`);
      });
    }
  }
});

for (const [page, first, main] of PAGES) {
  const html = read(page);

  test(`${page} announces every module, so that none waits for another`, () => {
    const announced = all(html, /rel="modulepreload" href="\/([^"]+)"/g);
    const needed = new Set([...modulesOf(first), ...modulesOf(main)]);
    assert.deepEqual([...announced, first].sort(), [...needed].sort());
  });

  test(`${page} has no script, style or handler of its own: the Content-Security-Policy forbids them`, () => {
    assert.deepEqual(all(html, /<script(?![^>]*\ssrc=)([^>]*)>/g), []);
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=/);
  });

  test(`${page} previews as one generic card, whatever the link: no title, no picture, not in any index`, () => {
    const card = all(html, /<meta (?:name|property)="(?:og:|twitter:|description)[^>]*content="([^"]+)"/g);
    assert.deepEqual(new Set(card), new Set(["website", "Scrimbox", "A private stream. Log in to watch."]));
    assert.deepEqual(all(html, /<title>([^<]*)</g), ["Scrimbox"]);
    assert.doesNotMatch(html, /(?:og|twitter):(?:image|video|player)/);
    assert.match(html, /<meta name="robots" content="noindex">/);
  });

  test(`${page} finds all its words in one file`, () => {
    for (const name of all(html, /data-(?:text|label)="([^"]+)"/g)) {
      assert.ok(text.labels[name], name);
    }
  });

  test(`${page} has every element that its modules ask for`, () => {
    const ids = new Set(all(html, /\sid="([^"]+)"/g));
    const own = page === "player.html" ? ["assets/page.js", main] : [...modulesOf(main)].filter(isOwn);
    const asked = own.map(read).flatMap((words) => [
      ...all(words, /getElementById\("([^"]+)"/g),
      ...all((words.match(/const ids = \[([^\]]+)\]/) || ["", ""])[1], /"([^"]+)"/g),
    ]);
    assert.ok(asked.length > 1);
    asked.forEach((id) => assert.ok(ids.has(id), id));
  });
}
