"""Saved models as trees of tensors that are read block by block, without torch and without unpickling."""

from envprint.models.files.opening import open_model
from envprint.models.files.stored import Opaque, Stored
from envprint.models.files.tensor import StoredTensor

__all__ = ["Opaque", "Stored", "StoredTensor", "open_model"]
