"""`qa` with the small encoder in a process of its own, to be killed: arguments as for `qa`."""

import sys

from small_encoder import SmallEncoder

from qa.cli import main
from qa.encoding import loading, reader_loading

small = SmallEncoder()
small.name = loading.BUNDLED
loading.load = lambda name, home: small  # type: ignore[assignment]
reader_loading.load = lambda name, home: None  # type: ignore[assignment]
sys.exit(main(sys.argv[1:]))
