"""The outside world, behind the ports: state on tables here, AWS itself in ``aws``."""
