"""When two recorded runs parted, where, and why."""
