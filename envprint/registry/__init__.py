"""A registry of manifests: kept by their ids, looked up and compared over HTTP; and the client of one."""
