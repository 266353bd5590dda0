"""Numbers: `python -m benchmarks speed` and `python -m benchmarks peers`; results and commands are in RESULTS.md."""
