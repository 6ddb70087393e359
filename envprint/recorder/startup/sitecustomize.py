"""What Python imports by itself as it starts, where this folder is on its path: it attaches the recorder.

https://docs.python.org/3/library/site.html#module-sitecustomize. A sitecustomize of the user's own is imported first.
"""

import importlib
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path[:] = [each for each in sys.path if Path(each).resolve() != here]
this = sys.modules.pop("sitecustomize", None)
try:
    importlib.import_module("sitecustomize")
except ImportError as exc:
    if exc.name != "sitecustomize":
        raise
finally:
    sys.modules.setdefault("sitecustomize", this)  # type: ignore[arg-type]  # the import that brought this asks for it
    try:
        from envprint.recorder.commanded import begin

        begin()
    except Exception as exc:  # noqa: BLE001 - the command runs on, whatever is wrong with its observer
        sys.stderr.write(f"envprint: this run is not recorded: {type(exc).__name__}: {exc}\n")
