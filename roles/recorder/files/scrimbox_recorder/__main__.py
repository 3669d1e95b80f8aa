"""`python3 -m scrimbox_recorder`."""

import sys

from .cli import main

sys.exit(main())
