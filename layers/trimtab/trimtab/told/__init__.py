"""Telling: entries of the log become incidents, incidents messages. Pure."""
