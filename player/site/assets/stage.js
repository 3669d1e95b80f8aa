// Two stacked videos, of which the upper one is the player: the change from one source to another shows no seam.

/**
 * The videos of a media-chrome controller, or of any element: {video, standby, on(), raise()}. The one that is on
 * screen is first among its children, and has the class "raised".
 */
export function createStage(controller) {
  let [video, standby] = controller.querySelectorAll("video");
  const listeners = new Map();

  // Media events do not bubble, but they can be captured on their way down.
  function heard(event) {
    if (event.target === video) {
      (listeners.get(event.type) || []).forEach((listener) => listener(event));
    }
  }

  function on(name, listener) {
    if (!listeners.has(name)) {
      listeners.set(name, []);
      controller.addEventListener(name, heard, true);
    }
    listeners.get(name).push(listener);
  }

  return {
    get video() {
      return video;
    },
    get standby() {
      return standby;
    },
    /** Listens to an event of whichever video is on screen. */
    on,
    /** Brings the standby up, with the sound of the other, which is left running below, muted. */
    raise() {
      const pictureInPicture = document.pictureInPictureElement === video;
      [video, standby] = [standby, video];
      video.volume = standby.volume;
      video.muted = standby.muted;
      standby.muted = true;
      video.classList.add("raised");
      standby.classList.remove("raised");
      // The controller takes its first video for its own. Moving one stops it, so the lower one moves. The controller
      // notices that in a microtask, but not whose turn it is now.
      video.after(standby);
      Promise.resolve().then(() => controller.handleMediaUpdated && controller.handleMediaUpdated(video));
      if (pictureInPicture) {
        video.requestPictureInPicture().catch(() => {});
      }
    },
  };
}
