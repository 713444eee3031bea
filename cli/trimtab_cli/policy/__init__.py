"""The policy document: what a person writes, read with every mistake named, and nothing of AWS."""
