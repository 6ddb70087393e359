"""Read one file by what it says that it is: its first bytes, and for a broken one its name."""

from envprint.checkpoints.disk import refused
from envprint.checkpoints.safetensors_header import OPENING, PREFIX
from envprint.checkpoints.zip_records import RECORD_MARK
from envprint.models.files.safetensors import read_safetensors
from envprint.models.files.source import Source, unknown
from envprint.models.files.stored import Stored
from envprint.models.files.torch_legacy import begins_legacy, read_legacy
from envprint.models.files.torch_zip import read_torch_zip

HEAD = 512
TAR, TAR_AT = b"ustar", 257  # https://www.gnu.org/software/tar/manual/html_node/Standard.html
PICKLE = b"\x80"  # of protocol 2 and later
OTHERS = {b"GGUF": "a GGUF file", b"\x89HDF": "an HDF5 file"}


def read_file(source: Source) -> Stored:
    """Return what a file holds; raise where it is no kind of model that can be read."""
    begins = source.read(0, min(source.size, HEAD))
    path = source.path
    if begins.startswith(RECORD_MARK):
        return read_torch_zip(source)
    if begins[PREFIX:].startswith(OPENING) or ".safetensors" in {path.suffix, path.resolve().suffix}:
        return read_safetensors(source)
    if begins.startswith(PICKLE) and begins_legacy(begins):
        return read_legacy(source)
    if begins[TAR_AT:].startswith(TAR):
        raise refused(path, "is a tar, as torch before 0.1.10 wrote them", "load it with torch and save it again")
    raise unknown(path, _name(begins))


def _name(begins: bytes) -> str:
    if begins.startswith(PICKLE):
        return "a pickle that torch.save has not written"
    return next((name for mark, name in OTHERS.items() if begins.startswith(mark)), "something else")
