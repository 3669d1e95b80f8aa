// Where the page begins: one stream, or several side by side. What only the several need is loaded for them alone.

import { readViews } from "./link.js";

if (readViews(window.location.search)) {
  import("./views.js");
} else {
  import("./player.js");
}
