"""Numbers: `python -m benchmarks speed`, `encoding` and `peers`; results and commands are in RESULTS.md."""
