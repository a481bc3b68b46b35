"""``python -m grnular_core`` is the command line."""

import sys

from grnular_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
