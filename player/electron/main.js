// Scrimbox in a window of its own: loads the server's pages, asks for the login once and stays with that server.
//
// electron . https://vod.example.com/player?id=match123
//
// Runs in Electron 9 and everything younger. The pages get no Node, no preload script and no permissions.

const path = require("path");
const { app, BrowserWindow, dialog, session, shell } = require("electron");

// What the server sets at the first login, a cookie for a year, is kept here; the password is kept nowhere.
const PARTITION = "persist:scrimbox";
const PERMISSIONS = ["fullscreen", "clipboard-sanitized-write"];
const LOCKED = { partition: PARTITION, contextIsolation: true, sandbox: true, nodeIntegration: false };
const GROUND = "#0d1015";
const RETRY_MS = 5000;

const addressIn = (words) => words.find((word) => /^https?:\/\//.test(word));
const address = addressIn(process.argv.slice(1)) || process.env.SCRIMBOX_URL;
const server = address && new URL(address).origin;
const isOurs = (url) => new URL(url).origin === server;

/** Opens what is not the server's in the browser of the system. */
function openOutside(url) {
  if (/^https?:/.test(url)) {
    shell.openExternal(url);
  }
}

/** Asks for name and password; null when the window is closed instead. `again`: the last ones were not right. */
function askLogin(parent, again) {
  return new Promise((resolve) => {
    const preload = path.join(__dirname, "login-preload.js");
    const size = { width: 380, height: 330, useContentSize: true, resizable: false, minimizable: false };
    const look = { title: "Log in", autoHideMenuBar: true, backgroundColor: GROUND };
    const asking = new BrowserWindow({ parent, modal: true, ...size, ...look, webPreferences: { ...LOCKED, preload } });
    let answer = null;
    asking.webContents.on("ipc-message", (event, channel, name, password) => {
      answer = { name, password };
      asking.close();
    });
    asking.on("closed", () => resolve(answer));
    asking.loadFile("login.html", { query: { server, again: again ? "yes" : "" } });
  });
}

app.on("web-contents-created", (created, contents) => {
  const stay = (event, url) => {
    if (!isOurs(url)) {
      event.preventDefault();
      openOutside(url);
    }
  };
  const inPlace = (url) => (isOurs(url) ? contents.loadURL(url) : openOutside(url));
  contents.on("will-navigate", stay);
  contents.on("will-redirect", stay);
  if (contents.setWindowOpenHandler) {
    contents.setWindowOpenHandler(({ url }) => {
      inPlace(url);
      return { action: "deny" };
    });
  } else {
    contents.on("new-window", (event, url) => {
      event.preventDefault();
      inPlace(url);
    });
  }
});

function openWindow() {
  const look = { width: 1280, height: 800, title: "Scrimbox", autoHideMenuBar: true, backgroundColor: GROUND };
  const window = new BrowserWindow({ ...look, webPreferences: LOCKED });
  const { webContents: contents } = window;
  let tries = 0;
  contents.on("login", async (event, details, auth, callback) => {
    if (auth.isProxy || !isOurs(details.url)) {
      return;
    }
    event.preventDefault();
    tries += 1;
    const answer = await askLogin(window, tries > 1);
    callback(...(answer ? [answer.name, answer.password] : []));
  });
  contents.on("did-navigate", () => {
    tries = 0;
  });
  contents.on("did-fail-load", (event, code, reason, url, isMainFrame) => {
    const aborted = code === -3;
    if (isMainFrame && !aborted) {
      window.setTitle("Scrimbox: no connection to the server, trying again …");
      setTimeout(() => window.isDestroyed() || contents.loadURL(url).catch(() => {}), RETRY_MS);
    }
  });
  contents.loadURL(address).catch(() => {});
  return window;
}

function start() {
  if (!server) {
    dialog.showErrorBox("Scrimbox", "Start it with the link of a stream: npm start -- https://vod.example.com");
    app.exit(2);
    return;
  }
  const ours = session.fromPartition(PARTITION);
  ours.setPermissionRequestHandler((contents, name, callback) => callback(PERMISSIONS.includes(name)));
  ours.setPermissionCheckHandler((contents, name) => PERMISSIONS.includes(name));
  const window = openWindow();
  app.on("second-instance", (event, words) => {
    const link = addressIn(words);
    window.focus();
    if (link && isOurs(link)) {
      window.loadURL(link).catch(() => {});
    }
  });
}

app.on("window-all-closed", () => app.quit());
if (app.requestSingleInstanceLock()) {
  app.whenReady().then(start);
} else {
  app.quit();
}
