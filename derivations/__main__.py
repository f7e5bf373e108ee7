"""``python -m derivations``."""

import sys

from backproof.derivations.cli import main

sys.exit(main())
