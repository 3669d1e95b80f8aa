// What a browser's processes hold and have used.

import { readFileSync } from "node:fs";

const MEGABYTE = 2 ** 20;

/** Resident memory of the page's process in MB: its own, shared with the other processes, and of files (programs). */
export function resident(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)[1]) / 1024;
  return { rss: read("VmRSS"), own: read("RssAnon"), shared: read("RssShmem"), files: read("RssFile") };
}

export async function rendererOf(browser, page) {
  const session = await browser.target().createCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const own = processInfo.filter(({ type }) => type === "renderer");
  // A page of the browser's own may have one, too: ours works.
  own.sort((one, other) => other.cpuTime - one.cpuTime);
  if (own.length === 0) {
    throw new Error(`no process for ${page.url()}`);
  }
  return own[0].id;
}

export async function heapOf(client) {
  await client.send("HeapProfiler.enable");
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize } = await client.send("Runtime.getHeapUsage");
  return usedSize / MEGABYTE;
}
