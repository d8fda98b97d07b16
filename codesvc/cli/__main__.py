"""`python -m codesvc.cli`: the same as the command `codesvc`."""

import sys

from codesvc.cli import main

sys.exit(main())
