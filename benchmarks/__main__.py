"""python -m benchmarks speed | encoding | load | page | peers | reading | reader | confidence, each with --help."""

import sys

from benchmarks import encoding, fit_confidence, load, page, peers, reading, speed, train_reader

COMMANDS = {
    "speed": speed.main,
    "encoding": encoding.main,
    "load": load.main,
    "page": page.main,
    "peers": peers.main,
    "reading": reading.main,
    "reader": train_reader.main,
    "confidence": fit_confidence.main,
}

if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
    sys.exit(f"{__doc__.strip()}\nwhat to measure: {', '.join(COMMANDS)}")
COMMANDS[sys.argv.pop(1)]()
