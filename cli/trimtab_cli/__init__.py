"""What an operator types: the `trimtab` command."""
