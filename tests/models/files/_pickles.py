"""Zip files of torch's kind around pickles that are made by hand, without torch."""

import pickle
import zipfile
from pathlib import Path

STORAGE = bytes(range(64))
PROTO = b"\x80\x02"


def archive(path: Path, content: bytes, storage: bytes = STORAGE, method: int = zipfile.ZIP_STORED) -> Path:
    """Write an archive whose pickle is `content` and whose one storage is `0`."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, held in {"version": b"3\n", "data.pkl": content, "data/0": storage}.items():
            file.writestr(f"m/{name}", held)
    return path


def text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def called(name: str, *arguments: bytes) -> bytes:
    module, _, function = name.rpartition(".")
    return b"c" + f"{module}\n{function}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str = "0", count: int = 16, kind: str = "FloatStorage", part: bytes = b"") -> bytes:
    described = b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu") + number(count)
    return b"(" + text("storage") + described + part + b"tQ"


def tensor(offset: int = 0, shape: tuple[int, ...] = (16,), stride: tuple[int, ...] = (1,), held: bytes = b"") -> bytes:
    described = held or storage(), number(offset), numbers(*shape), numbers(*stride)
    return called("torch._utils._rebuild_tensor_v2", *described, b"\x89", b"ccollections\nOrderedDict\n)R")
