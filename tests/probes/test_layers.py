"""The file of layers says what the table says; `python tests/probes/test_layers.py --write` makes it anew."""

import sys
from pathlib import Path

import orjson

from envprint.probes import layers
from envprint.probes.layers import load_layers
from envprint.probes.table import PROBES

SHIPPED = Path(layers.__file__).parent / layers.FILE
TABLE = {
    "cpu": {probe.name: probe.cpu for probe in PROBES if probe.cpu},
    "gpu": {probe.name: probe.gpu for probe in PROBES if probe.gpu},
}


def test_the_shipped_file_says_what_the_table_says_in_its_order() -> None:
    shipped = load_layers()

    assert TABLE == shipped, "python tests/probes/test_layers.py --write"
    assert [list(names) for names in TABLE.values()] == [list(names) for names in shipped.values()]


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    SHIPPED.write_bytes(orjson.dumps(TABLE, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
