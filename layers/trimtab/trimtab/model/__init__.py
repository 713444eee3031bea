"""The words of Trimtab as values: frozen, without logic beyond their own invariants."""
