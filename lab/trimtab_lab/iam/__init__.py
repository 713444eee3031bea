"""IAM as far as the template uses it: may this role make this call?

What is not understood raises: a permission must not hold here for want of understanding it.
"""

from trimtab_lab.iam.asked import Asked
from trimtab_lab.iam.calls import Place, asked_by
from trimtab_lab.iam.judge import Answer, judge
from trimtab_lab.iam.statements import Statement, read_statements

__all__ = ["Answer", "Asked", "Place", "Statement", "asked_by", "judge", "read_statements"]
