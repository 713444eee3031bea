"""Prints a SAM template as the CloudFormation it becomes, so that linters see that too.

    python tools/transform_template.py template.yaml

Parameters keep their defaults. Reads nothing but the file; asks AWS nothing.
"""

import json
import sys
from pathlib import Path

from samtranslator.model.exceptions import InvalidDocumentException

from trimtab_lab.sam import load, transform

if __name__ == "__main__":
    [name] = sys.argv[1:]
    try:
        print(json.dumps(transform(load(Path(name))), indent=2))
    except InvalidDocumentException as invalid:
        raise SystemExit(
            "\n".join(f"{name}: {cause.message}" for cause in invalid.causes)
        ) from None
