"""Entry points: one folder is one Lambda function is one thin `handler.py`."""
