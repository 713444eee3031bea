"""The commands, one module each. Each talks to ports only and prints plain, safe text."""
