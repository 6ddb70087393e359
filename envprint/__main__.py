"""Run envprint as `python -m envprint`."""

from envprint.cli import main

main(prog_name="envprint")
