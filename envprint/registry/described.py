"""What OpenAPI says of a manifest: its outline. All of its fields would make the description ten times as long."""

from typing import Any

from envprint.manifest import SECTIONS

TEXT = {"type": "string"}
OBJECT: dict[str, Any] = {"type": ["object", "null"]}
GAP = {
    "type": "object",
    "required": ["kind", "reason"],
    "properties": {"kind": {"enum": ["absent", "failed"]}, "reason": TEXT},
}
SIZE = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
FILE = {"type": "object", "required": ["size_bytes", "digest"], "properties": {"size_bytes": SIZE, "digest": TEXT}}
MANIFEST: dict[str, Any] = {
    "type": "object",
    "required": ["schema"],
    "description": "A manifest as `envprint capture` writes it; schemas/manifest-1.json has all of its fields.",
    "properties": {
        "schema": {**TEXT, "pattern": r"^envprint/manifest/1(\.[0-9]{1,4})?$"},
        "id": {**TEXT, "pattern": "^(sha256:[0-9a-f]{64})?$"},
        **dict.fromkeys(SECTIONS, OBJECT),
        "probes": {**OBJECT, "required": ["kind"], "properties": {"kind": {"enum": ["default", "full"]}}},
        "model": {**OBJECT, "required": ["type"], "properties": {"type": TEXT}},
        "gaps": {"type": "object", "additionalProperties": GAP},
        "taken": OBJECT,
        "lineage": OBJECT,
        "carrier": {**OBJECT, "additionalProperties": FILE},
    },
}
