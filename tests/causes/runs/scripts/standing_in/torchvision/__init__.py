"""A stand-in for torchvision, as far as the scripts use it."""
