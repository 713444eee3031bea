"""Access logs: what an Application Load Balancer wrote of each request, told per target. Pure.

A file is read as it comes (``stream``), each line by AWS's documented fields (``line``), and
counted per target and minute (``count``). Nothing is kept of a request but its target, its time,
its two status codes and how long it took.
"""
