"""Published input/expected tables against our functions: `python -m tests.conformance`."""
