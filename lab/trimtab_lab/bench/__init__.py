"""What Trimtab costs: time to decide, calls, money, imports and size. Ratios in one run."""
