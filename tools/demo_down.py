"""Take the demo away: container, images, secrets, and the engine if it was started for it.

It needs no virtual environment, so it works after `make clean` too.

Usage: python3 -m tools.demo_down
"""

from __future__ import annotations

from tools import container, engine, image
from tools.project import BUILD, ROOT, SECRETS, VENV, shown
from tools.target import CLONE, DEMO
from tools.terminal import Trouble, main, say


def remove_container() -> None:
    """Remove this clone's demo container.

    Raises:
        Trouble: the demo belongs to another clone; says which.
    """
    if not container.state(DEMO):
        say(f"container: there is no {DEMO}")
        return
    owner = container.label(DEMO, CLONE)
    if owner != str(ROOT):
        raise Trouble(f"the demo belongs to another clone. Run: make -C {owner} demo-down")
    container.remove(DEMO)
    say(f"container: {DEMO} removed")


def remove_images() -> None:
    """Remove the images that were made here, as far as nothing uses them."""
    kept = image.remove_ours()
    say(f"images: left, because containers use them: {', '.join(kept)}" if kept else "images: removed")


def remaining() -> list[str]:
    """What stays on the machine."""
    return [f"{shown(path)}{'/' if path.is_dir() else ''}" for path in (VENV, BUILD) if path.exists()]


def down() -> None:
    """Remove everything that the demo made."""
    if engine.version() is None:
        say("container, images: nothing to remove, no engine is running")
    else:
        remove_container()
        remove_images()
    secrets = SECRETS / f"{DEMO}.yml"
    if secrets.exists():
        secrets.unlink()
        say(f"secrets: {shown(secrets)} removed")
    say(engine.stop_ours())
    left = " and ".join(remaining())
    say(f"left in place: {left + ' (make clean removes them), and ' if left else ''}what apt installed")


if __name__ == "__main__":
    main(down)
