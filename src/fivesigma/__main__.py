"""``python -m fivesigma`` is the command ``fivesigma``."""

import sys

from fivesigma.cli import main

if __name__ == "__main__":
    sys.exit(main())
