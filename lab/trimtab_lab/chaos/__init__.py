"""Chaos: seeded campaigns that interleave, crash and mislead the functions, and check the laws."""
