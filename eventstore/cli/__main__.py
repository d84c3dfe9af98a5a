"""`python -m eventstore.cli`: the command `eventstore`, where no script of it is in PATH."""

import sys

from eventstore.cli import main

sys.exit(main())
