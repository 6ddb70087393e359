from pathlib import Path

from _pickles import PROTO, archive, tensor
from conftest import Run


def test_neither_torch_nor_numpy_is_imported_to_read_plain_rows(run_python: Run, tmp_path: Path) -> None:
    path = archive(tmp_path / "model.pt", PROTO + tensor() + b".")
    code = (
        "import sys; from envprint.models.files import open_model\n"
        "with open_model(sys.argv[1]) as stored: print(sum(map(len, stored.tree.blocks())))\n"
        "assert not {'torch', 'numpy', 'safetensors'} & sys.modules.keys()"
    )

    ran = run_python(code, str(path))
    assert ("64\n", "") == (ran.stdout, ran.stderr)
