"""A model as data: the digests of its tensors, mode and attributes by module, and what one forward pass gives."""
