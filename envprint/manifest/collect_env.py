"""Read the text of torch's collect_env as a manifest (being written)."""
