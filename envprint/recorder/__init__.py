"""Beside a training run: what it seeds, loads, builds and steps, written down without a change to its code."""
