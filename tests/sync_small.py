"""`qa` with the small encoder in a process of its own, to be killed: arguments as for `qa`."""

import sys

from small_encoder import SmallEncoder

from qa import models
from qa.cli import main

small = SmallEncoder()
small.name = models.BUNDLED
models.load = lambda name, home: small  # type: ignore[assignment]
sys.exit(main(sys.argv[1:]))
