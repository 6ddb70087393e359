"""As in torchvision: what transforms.transforms has."""
