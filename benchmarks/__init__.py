"""Numbers: `python -m benchmarks speed` and `encoding`; results and commands are in RESULTS.md."""
