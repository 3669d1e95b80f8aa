// The pictures of a finished replay that are there before its frames are: poster and thumbnails.

/**
 * Gives the video element the thumbnails of a target, which the time range shows under the pointer, and, for who has
 * just come, its poster. Takes away those of the target before; null has none.
 */
export function showPictures(video, target, { fresh }) {
  const { poster = null, thumbnails = null } = (target && target.replay) || {};
  video.querySelectorAll("track[label=thumbnails]").forEach((track) => track.remove());
  if (poster && fresh) {
    video.poster = poster;
  } else {
    video.removeAttribute("poster");
  }
  if (thumbnails) {
    const track = video.ownerDocument.createElement("track");
    Object.assign(track, { kind: "metadata", label: "thumbnails", src: thumbnails, default: true });
    video.append(track);
  }
}
