// Fingers on the picture: two taps jump, a drag seeks. One tap is media-chrome's: it shows and hides the controls.

const JUMP_S = 10;
// Two taps within this are one gesture.
const TAPS_MS = 300;
// A finger that has moved less than this, in px, has tapped.
const SLOP = 12;
// A drag over the whole width of the picture, in s.
const WIDTH_S = 90;

/** What two taps at `x` of `width` mean: s back, s forward, or 0 in the middle. */
export function jumpAt(x, width) {
  if (x < width / 3) {
    return -JUMP_S;
  }
  return x > (width * 2) / 3 ? JUMP_S : 0;
}

/** By how much a drag of `moved` px over a picture `width` px wide seeks, in s. */
export function dragSeek(moved, width) {
  return Math.round((moved / width) * WIDTH_S);
}

/**
 * Listens to fingers on the media elements within `stage`: onJump(s) for two taps, onDrag(s) while a finger moves, and
 * onSeek(s) when it is lifted.
 */
export function setUpGestures(stage, { onJump, onDrag, onSeek }) {
  let start = null;
  let dragging = false;
  let tap = { when: -Infinity, jump: 0 };

  const isPicture = ({ target }) => ["VIDEO", "MEDIA-CONTROLLER"].includes(target.tagName);
  const width = () => stage.clientWidth;

  function down(event) {
    start = event.pointerType === "touch" && event.isPrimary && isPicture(event) ? event : null;
    dragging = false;
  }

  function move(event) {
    if (start && event.pointerId === start.pointerId) {
      const moved = event.clientX - start.clientX;
      dragging = dragging || Math.abs(moved) > SLOP;
      if (dragging) {
        onDrag(dragSeek(moved, width()));
      }
    }
  }

  function tapped({ clientX, timeStamp }) {
    const jump = jumpAt(clientX - stage.getBoundingClientRect().left, width());
    const second = timeStamp - tap.when < TAPS_MS && jump === tap.jump;
    tap = { when: timeStamp, jump };
    if (second && jump !== 0) {
      onJump(jump);
    }
  }

  function up(event) {
    if (!start || event.pointerId !== start.pointerId) {
      return;
    }
    if (dragging) {
      onSeek(dragSeek(event.clientX - start.clientX, width()));
    } else {
      tapped(event);
    }
    start = null;
  }

  stage.addEventListener("pointerdown", down, true);
  stage.addEventListener("pointermove", move, true);
  stage.addEventListener("pointerup", up, true);
  stage.addEventListener("pointercancel", () => (start = null), true);
}
