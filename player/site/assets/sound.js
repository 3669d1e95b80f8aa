// Starts playback with sound where the browser allows it, muted with a visible way out where it does not.

/** Plays the video; calls onMuted() if the browser only plays it without sound. */
export async function begin(video, onMuted) {
  try {
    await video.play();
  } catch (error) {
    // Another source or a pause in between is no refusal.
    if (error.name !== "NotAllowedError" || video.muted) {
      return;
    }
    video.muted = true;
    onMuted();
    await video.play().catch(() => {});
  }
}
