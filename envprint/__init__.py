"""Say why two PyTorch runs, machines or reloaded models disagree."""
