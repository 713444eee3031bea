"""Trimtab: one plan, three levers, one budget, and a log you can act on."""

__version__ = "0.1.0"
