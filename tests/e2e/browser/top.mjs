// Reads the uppermost video of a page at each animation frame: what a viewer sees, whichever element shows it.

/** Begins to note samples: time in ms, number of the frame, brightness, contrast, which video, and what it does. */
export function watchTop(page) {
  return page.evaluate(() => {
    const [columns, rows, bits, block] = [64, 36, 16, 4];
    const canvas = document.createElement("canvas");
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    const videos = [...document.querySelectorAll("video")];
    window.topSamples = [];

    function uppermost() {
      const { left, top, width, height } = videos[0].parentElement.getBoundingClientRect();
      return document.elementsFromPoint(left + width / 2, top + height / 3).find(({ tagName }) => tagName === "VIDEO");
    }

    function sample() {
      const video = uppermost();
      context.fillStyle = "#000";
      context.fillRect(0, 0, columns, rows);
      context.drawImage(video, 0, 0, columns, rows);
      const { data } = context.getImageData(0, 0, columns, rows);
      let number = 0;
      for (let bit = 0; bit < bits; bit += 1) {
        const at = 4 * ((block / 2) * columns + bit * block + block / 2);
        number = number * 2 + (data[at + 1] > 128 ? 1 : 0);
      }
      let [sum, least, most] = [0, 255, 0];
      for (let at = 1; at < data.length; at += 4) {
        sum += data[at];
        least = Math.min(least, data[at]);
        most = Math.max(most, data[at]);
      }
      const brightness = sum / (columns * rows);
      const { seeking, paused, currentTime } = video;
      const which = videos.indexOf(video);
      window.topSamples.push([
        performance.now(), number, brightness, most - least, which, seeking, paused, currentTime,
      ]);
      window.requestAnimationFrame(sample);
    }

    sample();
  });
}

/** Returns the samples so far as objects; forgets them. */
export async function takeTop(page) {
  const samples = await page.evaluate(() => window.topSamples.splice(0));
  return samples.map(([at, number, brightness, contrast, which, seeking, paused, time]) => ({
    at, number, brightness, contrast, which, seeking, paused, time,
  }));
}

function isBlack({ brightness, contrast }) {
  return brightness < 16 || contrast < 40;
}

/** The longest time, in ms, for which a moving picture showed one frame; a page that was not drawn counts, too. */
export function longestFreeze(samples) {
  let longest = 0;
  let since = samples.length > 0 ? samples[0].at : 0;
  for (const [before, sample] of samples.slice(1).map((one, index) => [samples[index], one])) {
    longest = Math.max(longest, sample.at - since);
    if (sample.number !== before.number || sample.paused) {
      since = sample.at;
    }
  }
  return longest;
}

/**
 * How a change from one video to the other looked, or null when there was none: `blacks` black samples; the longest
 * still pictures in ms: `freeze` at the change, `near` it while the other video begins to play, `before` that; `jump`,
 * what the match advanced more than the clock over the change, in ms; `step`, frames from the last to the first.
 */
export function changeOf(samples, { fps = 30, rate = 1, around = 1500 } = {}) {
  const at = samples.findIndex((sample, index) => index > 0 && sample.which !== samples[index - 1].which);
  if (at < 1) {
    return null;
  }
  const raised = samples[at].at;
  const near = samples.filter((sample) => Math.abs(sample.at - raised) <= around);
  const offset = (sample) => (sample.number / fps) * 1000 - (sample.paused ? 0 : sample.at * rate);
  const middle = (list) => list.map(offset).sort((one, other) => one - other)[Math.floor(list.length / 2)];
  const [old, young] = [near.filter((sample) => sample.at < raised), near.filter((sample) => sample.at >= raised)];
  return {
    raised,
    blacks: samples.filter(isBlack).length,
    freeze: Math.round(longestFreeze(near.filter((sample) => Math.abs(sample.at - raised) <= 300))),
    near: Math.round(longestFreeze(near)),
    before: Math.round(longestFreeze(samples.filter((sample) => sample.at < raised - around))),
    jump: Math.round(middle(young) - middle(old)),
    step: young[0].number - old[old.length - 1].number,
    paused: samples[at].paused,
    drawn: near.length,
  };
}
