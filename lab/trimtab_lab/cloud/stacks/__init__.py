"""CloudFormation for the local cloud: SAM's transform, intrinsics, change sets, stacks.

moto's own reads a template but runs no transform, lacks types of ours, drops properties (a table's
TTL, recovery and protection, a function's layers), swallows what it cannot update and does not see
a change behind a condition. This one is a client of the same server as everybody else: each
resource is made, changed and deleted by the calls AWS's would make (`kinds`), a type it does not
know fails the deployment, a failed one is rolled back.
"""
