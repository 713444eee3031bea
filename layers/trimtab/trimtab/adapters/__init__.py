"""The outside world, behind the ports. Records are shared; each folder is one world."""
