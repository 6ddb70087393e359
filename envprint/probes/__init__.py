"""Fixed small computations: their output bits show what a machine really computes."""
