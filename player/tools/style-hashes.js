// Prints, as a JSON list, the Content-Security-Policy hashes of every style element that a media-chrome bundle
// can make: node style-hashes.js BUNDLE
//
// Each component keeps its styles in a template that it hands out as a string (getTemplateHTML, made for
// rendering on a server). So the very file that browsers get is run here on a document that does nothing but
// remember which components were registered, and their templates are asked for.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const STYLE = /<style[^>]*>([^]*?)<\/style>/g;

/** The templates of a bundle, by component name. */
function templatesOf(source) {
  const html = new Map();
  const components = new Map();
  class Nothing extends EventTarget {}
  class Element extends Nothing {
    set innerHTML(value) {
      html.set(`template ${html.size}`, value);
    }
    get content() {
      return new Nothing();
    }
  }
  class HTMLElement extends Element {}
  const page = {
    AbortController,
    CustomEvent,
    DOMParser: Nothing,
    DocumentFragment: Nothing,
    Element,
    Event,
    EventTarget,
    HTMLElement,
    Node: Nothing,
    ResizeObserver: Nothing,
    clearTimeout,
    console,
    customElements: {
      get: (name) => components.get(name),
      define: (name, component) => components.set(name, component),
      whenDefined: () => new Promise(() => {}),
    },
    document: {
      createElement: () => new HTMLElement(),
      createElementNS: () => new HTMLElement(),
      addEventListener() {},
      removeEventListener() {},
    },
    getComputedStyle: () => ({}),
    localStorage: { getItem: () => null },
    matchMedia: () => ({ matches: false }),
    navigator: { languages: [], userAgent: "" },
    setTimeout: () => 0,
  };
  page.window = page;
  runInContext(source, createContext(page));
  components.forEach((component, name) => {
    if (component.getTemplateHTML) {
      html.set(name, component.getTemplateHTML({}, {}));
    }
  });
  return html;
}

const [bundle] = process.argv.slice(2);
const templates = templatesOf(readFileSync(bundle, "utf8"));
const styles = new Set();
templates.forEach((html) => [...html.matchAll(STYLE)].forEach(([, style]) => styles.add(style)));
if (!templates.has("media-controller") || styles.size === 0) {
  throw new Error(`${bundle}: no styles of media-controller found; its way of making templates has changed`);
}
const hash = (style) => `sha256-${createHash("sha256").update(style).digest("base64")}`;
console.log(JSON.stringify([...styles].map(hash).sort()));
