// WebKitGTK, driven by classic WebDriver: it speaks none of puppeteer's protocols.

import { spawn } from "node:child_process";
import { createServer } from "node:net";

import { Builder, Capabilities } from "selenium-webdriver";

import { farPage } from "./far-page.mjs";
import { until } from "./pause.mjs";

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Where the site asks for a login, with the answer in the address. */
function loginAddress(url, login) {
  const found = new URL("/login", url);
  [found.username, found.password] = login;
  return String(found);
}

/** Starts a browser of the library's own from its driver, `executable`; `program` is the browser. */
export async function launchWebKit({ executable, program }) {
  const port = await freePort();
  const service = spawn(executable, [`--port=${port}`], {
    stdio: "ignore",
    env: { ...process.env, WEBKIT_DISABLE_DMABUF_RENDERER: "1" },
  });
  const capabilities = new Capabilities({
    browserName: "MiniBrowser",
    "webkitgtk:browserOptions": { binary: program, args: ["--automation", "--autoplay-policy=allow"] },
  });
  const server = `http://127.0.0.1:${port}`;
  let driver = null;

  /** A page whose own address holds a password may fetch nothing: the cookie that a login brings serves the next. */
  async function open(url, login) {
    if (login) {
      await driver.get(loginAddress(url, login));
    }
    await driver.get(url);
  }

  async function close() {
    await (driver && driver.quit().catch(() => {}));
    service.kill();
  }

  try {
    await until("the driver", async () => (await fetch(`${server}/status`)).ok);
    driver = await new Builder().usingServer(server).withCapabilities(capabilities).build();
  } catch (error) {
    await close();
    throw error;
  }
  const page = farPage({
    open,
    run: (expression) => driver.executeScript(`return ${expression}`),
    shoot: () => driver.takeScreenshot(),
  });
  return {
    close,
    newPage: async () => ({
      ...page,
      setViewport: ({ width, height }) => driver.manage().window().setRect({ x: 0, y: 0, width, height }),
    }),
  };
}
