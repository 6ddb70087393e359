"""Whether a registry is in use, and what may be an id in it: each diff asks, so that this loads nothing of the web."""

import os
import re

SERVER, TOKEN = "ENVPRINT_SERVER", "ENVPRINT_TOKEN"  # variables of the environment
REFERENCE = re.compile(r"(sha256:)?[0-9a-f]{4,64}")


def is_configured() -> bool:
    """Tell whether the environment names a registry."""
    return bool(os.environ.get(SERVER))
