"""`python -m syncline` is `syncline`."""

import sys

from syncline.cli import main

sys.exit(main())
