"""What holds for all tests: none depends on the clock, for the machine may be busy, nor on chance.

Hypothesis draws the same examples in each run; BACKPROOF_EXPLORE=1 lets it draw others.
"""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before PyTorch is imported: its threads wait for the tests' workers

settings.register_profile("the same everywhere", deadline=None, derandomize="BACKPROOF_EXPLORE" not in os.environ)
settings.load_profile("the same everywhere")
