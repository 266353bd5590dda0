"""Serve a folder with the small encoder: `python serve_small.py SEEDS EMBEDDINGS`; prints the address when it answers."""

import sys

from small_encoder import SmallEncoder

from qa import Library
from qa.server import serve

with Library(sys.argv[1], sys.argv[2], encoder=SmallEncoder()) as library:
    library.catch_up()
    serve(library, port=0, on_ready=lambda url: print(url, flush=True))
print("ended", flush=True)
