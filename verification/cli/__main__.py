"""`python -m verification.cli`: the command `trueorder`, where no script of it is in PATH."""

import sys

from verification.cli import main

sys.exit(main())
