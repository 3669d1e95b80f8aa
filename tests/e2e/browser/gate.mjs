// A way to the site that can be cut: what a viewer's network may do, in every browser alike.

import { connect, createServer } from "node:net";

/** Opens a way to the origin of `url`: {url, cut(), mend(), close()}, with `url` leading through it. */
export async function openGate(url) {
  const there = new URL(url);
  const open = new Set();
  let isCut = false;

  function join(near) {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(there.port) || 80, there.hostname);
    open.add(near);
    near.on("close", () => open.delete(near));
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  }

  const server = createServer(join);
  await new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const here = new URL(url);
  here.host = `127.0.0.1:${server.address().port}`;

  function cut() {
    isCut = true;
    open.forEach((near) => near.destroy());
  }

  return {
    url: String(here),
    cut,
    mend: () => (isCut = false),
    close() {
      cut();
      server.close();
    },
  };
}
