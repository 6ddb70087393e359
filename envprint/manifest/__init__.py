"""The document: sections, gaps, identity, reading and writing, and the text of torch's collect_env."""

from envprint.manifest.document import SCHEMA, SECTIONS, Gap, Manifest, canonical_json, identity
from envprint.manifest.reading import load, parse_manifest
from envprint.manifest.section import Section
from envprint.manifest.writing import dump_manifest, write

__all__ = [
    "SCHEMA",
    "SECTIONS",
    "Gap",
    "Manifest",
    "Section",
    "canonical_json",
    "dump_manifest",
    "identity",
    "load",
    "parse_manifest",
    "write",
]
