"""`python -m projector.cli`: the command `projector`, where no script of it is in PATH."""

import sys

from projector.cli import main

sys.exit(main())
