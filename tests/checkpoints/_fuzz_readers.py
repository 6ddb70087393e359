"""What real readers find in any bytes at all, less what is envprint's."""

import io
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import onnx
import safetensors

from envprint.checkpoints.content import KEY
from envprint.checkpoints.zip_archive import RECORD_NAME

FOLDER = 0x10  # https://learn.microsoft.com/windows/win32/fileio/file-attribute-constants
OURS = RECORD_NAME.decode()
Found = Any  # what a reader finds; None where it can read nothing


def read_zip(content: bytes) -> Found:
    """Return the records that Python's zipfile reads, less ours."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except Exception:  # noqa: BLE001 - of bytes from a fuzzer zipfile raises whatever there is
        return None
    read = {record.filename: _record(archive, record) for record in archive.infolist()}
    return {name: each for name, each in read.items() if each is not None and not name.endswith(OURS)}


def _record(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> bytes | None:
    try:
        return archive.read(record)
    except Exception:  # noqa: BLE001 - as above
        return None


def read_torch(content: bytes) -> Found:
    """Return the records that torch's own reader finds, less ours, and less those that it has not really read.

    torch 2.13 returns memory that nobody has written to for a folder, and for what cannot be inflated.
    """
    import torch

    try:
        known = {
            record.filename.partition("/")[2]: record for record in zipfile.ZipFile(io.BytesIO(content)).infolist()
        }
        archive = torch._C.PyTorchFileReader(io.BytesIO(content))
        names = [name for name in archive.get_all_records() if name in known and not f"/{name}".endswith(OURS)]
    except Exception:  # noqa: BLE001 - as above
        return None
    return {name: each for name in names if (each := _torch_record(archive, name, known[name])) is not None}


def _torch_record(archive: Any, name: str, known: zipfile.ZipInfo) -> bytes | None:
    try:
        content = bytes(archive.get_record(name))
    except RuntimeError:
        return None
    copied = known.compress_type == zipfile.ZIP_STORED and not known.external_attr & FOLDER
    return content if copied or zlib.crc32(content) == known.CRC else None


def read_safetensors(content: bytes) -> Found:
    try:
        return dict(safetensors.deserialize(content))  # type: ignore[no-untyped-call]  # in no order
    except safetensors.SafetensorError:
        return None


def read_onnx(content: bytes) -> Found:
    """Return the model less our entries; where there was our filling, less what ONNX does not know too."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # noqa: BLE001 - as above; the class comes from protobuf, which has no types
        return None
    kept = [entry for entry in model.metadata_props if entry.key != KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.DiscardUnknownFields()
    return model.SerializeToString(deterministic=True)


READERS: dict[str, tuple[str, tuple[Callable[[bytes], Found], ...]]] = {
    "zip": ("fuzzed.pt", (read_zip,)),
    "torch": ("fuzzed.pt", (read_zip, read_torch)),
    "safetensors": ("fuzzed.safetensors", (read_safetensors,)),
    "onnx": ("fuzzed.onnx", (read_onnx,)),
}
