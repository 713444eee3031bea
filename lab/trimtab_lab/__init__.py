"""Worlds to try Trimtab in: world model, embedded AWS, simulator, demo, report, bench."""
