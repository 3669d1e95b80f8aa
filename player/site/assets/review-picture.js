// The frame on screen as a picture, and files for the viewer to keep.

import { fileName } from "./review-times.js";
import { words } from "./review-words.js";

// A browser that is still writing a file needs its address, in ms.
const KEPT_MS = 60000;
// HTMLMediaElement.HAVE_CURRENT_DATA
const HAS_PICTURE = 2;

/** Saves a blob as a file. */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** The frame that a video shows, as a canvas of its own size; null where there is none. */
export function frameOf(video) {
  if (video.readyState < HAS_PICTURE || video.videoWidth === 0) {
    return null;
  }
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

/** A canvas as a PNG. */
export function pngOf(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** What the picture of this moment is called. */
export function pictureName({ timeline }) {
  return fileName(timeline.title(timeline.view()), timeline.now() || Date.now(), "png");
}

/** Saves the frame that is on screen. */
export async function saveFrame(review) {
  const frame = frameOf(review.timeline.video());
  if (!frame) {
    review.hint(words.noFrame);
    return;
  }
  const name = pictureName(review);
  saveFile(await pngOf(frame), name);
  review.hint(words.frameSaved);
}
