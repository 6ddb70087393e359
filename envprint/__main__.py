"""Run envprint as `python -m envprint`."""

import sys

if sys.argv[1:2] == ["fleet"]:
    from envprint.fleet.ending import heed

    heed()  # before all else is imported: a rank that fails at once ends the others

from envprint.cli import main

main(prog_name="envprint")
