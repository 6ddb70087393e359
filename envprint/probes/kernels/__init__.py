"""What the probes compute, by family; each function builds one computation from its inputs."""
