"""Many manifests at once: which machines compute the same bits, which are the odd ones out, and which facts tell."""
