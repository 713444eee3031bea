"""The demo: one bad day of real traffic on the embedded AWS, with Trimtab and without it."""
