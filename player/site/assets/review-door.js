// The door to the review, which is loaded when there is a picture, or when one of its keys is pressed.

/**
 * {act(does, by), load(), fragment(wall)} for a page with this timeline; act() says whether the action is the review's.
 */
export function createReviewDoor(timeline) {
  let opened = null;
  let review = null;

  async function open() {
    const { openReview } = await import("./review.js");
    review = await openReview(timeline);
    return review;
  }

  function load() {
    opened = opened || open();
    // Without a network there is no review yet: the next key tries again.
    opened.catch(() => (opened = null));
    return opened;
  }

  function act(does, by) {
    if (does !== "review") {
      return false;
    }
    load().then(() => review.act(does, by), () => {});
    return true;
  }

  document.addEventListener("playing", load, { capture: true, once: true });
  document.getElementById("review-button").addEventListener("click", () => act("review", "panel"));
  return {
    load,
    act,
    /** What a link to a wall clock ends with, so that it can be read: "#R7-1:12"; "" where there are no rounds. */
    fragment: (wall) => (review ? review.fragment(wall) : ""),
  };
}
