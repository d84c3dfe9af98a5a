"""``python -m checker.cli`` is ``checker``."""

import sys

from checker.cli import main

sys.exit(main())
