"""Real traffic, shipped with its origin and licence (ORIGIN.md); read by trimtab_lab.traces."""
