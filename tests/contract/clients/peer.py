"""What the scripts of the official clients share: the version in use, checks, the result that is printed.

Runs inside a peer's interpreter (mlflow 1.30, 2.22, 3.17 or mlflow-skinny), so it knows nothing but the standard
library and mlflow, and no newer Python than the peers have.
"""

import importlib.util
import json
import sys
import uuid

import mlflow

#: (major, minor) of the client.
VERSION = tuple(int(part) for part in mlflow.__version__.split(".")[:2])


def has(*modules):
    """Return whether all the modules can be imported here."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


class Area:
    """One script's run: the server, a name of its own, the checks that passed, the parts left out.

    Args:
        name: of the area, as in the file's name.
    """

    def __init__(self, name):
        self.name = name
        self.url = sys.argv[1]
        self.unique = "%s-%s" % (name, uuid.uuid4().hex[:10])
        self.checks = []
        self.absent = []
        mlflow.set_tracking_uri(self.url)

    def equal(self, label, seen, expected):
        """Check that two values are equal, types included."""
        if seen != expected or type(seen) is not type(expected):
            raise AssertionError("%s: expected %r, got %r" % (label, expected, seen))
        self.checks.append(label)

    def true(self, label, condition):
        """Check that a condition holds."""
        if not condition:
            raise AssertionError(label)
        self.checks.append(label)

    def refused(self, label, code, call):
        """Check that a call raises MlflowException with an error code."""
        try:
            call()
        except mlflow.exceptions.MlflowException as error:
            self.equal(label, error.error_code, code)
        else:
            raise AssertionError("%s: nothing was raised, expected %s" % (label, code))

    def leave_out(self, label):
        """Note a part that this client does not have."""
        self.absent.append(label)

    def finish(self):
        """Print the result."""
        print(
            json.dumps(
                {
                    "area": self.name,
                    "client": mlflow.__version__,
                    "checks": self.checks,
                    "absent": self.absent,
                }
            )
        )
