// Time.

export function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Asks again and again until there is an answer; throws after `seconds`. */
export async function until(what, ask, seconds = 40) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const answer = await Promise.resolve().then(ask).catch(() => null);
    if (answer) {
      return answer;
    }
    await pause(200);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
