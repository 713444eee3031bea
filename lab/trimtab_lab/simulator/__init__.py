"""The simulator: the same loop on in-memory ports, for thousands of days."""
