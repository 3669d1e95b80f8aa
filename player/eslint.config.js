import js from "@eslint/js";

const BROWSER = [
  "AbortController", "Event", "PerformanceObserver", "URL", "URLSearchParams", "clearInterval", "clearTimeout",
  "document", "fetch", "performance", "setInterval", "setTimeout", "window",
];
const NODE = [
  "AbortController", "Buffer", "CustomEvent", "Event", "EventTarget", "URL", "WebSocket", "clearTimeout", "console",
  "process",
];
// Chromium 83, in an Electron of its time, is supported: what is younger may not be used.
const YOUNGER = ["at", "findLast", "findLastIndex", "hasOwn", "replaceAll", "replaceChildren", "toSorted"];

const strict = {
  "no-var": "error",
  "prefer-const": "error",
  eqeqeq: "error",
  "no-shadow": "error",
  "no-implicit-globals": "error",
  "max-len": ["error", { code: 120 }],
};

export default [
  { ignores: ["**/node_modules/", "site/assets/vendor/"] },
  js.configs.recommended,
  {
    files: ["site/**/*.js"],
    languageOptions: { ecmaVersion: 2020, globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])) },
    rules: {
      ...strict,
      "no-restricted-properties": ["error", ...YOUNGER.map((property) => ({ property }))],
    },
  },
  {
    // The wrapper for Electron: CommonJS, since the oldest Electron that is supported knows nothing else.
    files: ["electron/*.js"],
    languageOptions: {
      ecmaVersion: 2020,
      sourceType: "commonjs",
      globals: Object.fromEntries([...BROWSER, ...NODE, "__dirname"].map((name) => [name, "readonly"])),
    },
    rules: strict,
  },
  {
    files: ["*.js", "test/**/*.js", "tools/**/*.js"],
    languageOptions: {
      ecmaVersion: "latest",
      globals: Object.fromEntries(NODE.map((name) => [name, "readonly"])),
    },
    rules: strict,
  },
  {
    // The drivers of browsers, linted from the project's folder; parts of them run in the page.
    files: ["tests/e2e/browser/*.mjs", "bench/*.mjs"],
    languageOptions: {
      ecmaVersion: "latest",
      globals: Object.fromEntries([...BROWSER, ...NODE].map((name) => [name, "readonly"])),
    },
    rules: strict,
  },
];
