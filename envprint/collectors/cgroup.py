"""Read how many processors' worth of time the control groups leave to this process."""

from collections.abc import Iterator
from pathlib import Path

from envprint.collectors import _linux
from envprint.collectors._outside import read_text
from envprint.manifest.gaps import Absent


def quota_cores(listed: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the smallest CPU quota, in cores, of this process's groups and those above them; None without a limit.

    In a container the groups' names may be those of the host, under which nothing is mounted: then the folders that
    are there tell, up to the root of the mount.
    """
    quotas = [quota for folder in _folders(read_text(listed), root) for quota in _read_quota(folder)]
    if not quotas:
        raise Absent("no control group counts CPU time")
    limits = [cores for cores in quotas if cores is not None]
    return min(limits, default=None)


def _folders(listed: str, root: Path) -> Iterator[str]:
    # version 1: 4:cpu,cpuacct:/user.slice; version 2: 0::/user.slice (cgroups(7))
    for line in listed.splitlines():
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            mounts = (root, root / "unified")
        elif "cpu" in controllers.split(","):
            mounts = (root / controllers, root / "cpu")
        else:
            continue
        yield from (f"{mount}{above}" for mount in mounts if mount.is_dir() for above in _upwards(name))


def _upwards(name: str) -> Iterator[str]:
    # /user.slice/user-1000.slice, /user.slice, and the root; a name with .. is a group outside of the namespace
    while name not in {"", "/"}:
        if "/.." not in name:
            yield name
        name = name.rpartition("/")[0]
    yield ""


def _read_quota(folder: str) -> Iterator[float | None]:
    try:
        limit, period = _linux.read_small(f"{folder}/cpu.max").split()  # version 2: "max 100000", "150000 100000"
    except Absent:
        try:
            limit = _linux.read_small(f"{folder}/cpu.cfs_quota_us")  # version 1: -1 is no limit
            period = _linux.read_small(f"{folder}/cpu.cfs_period_us")
        except Absent:
            return
    yield None if limit in {"max", "-1"} else round(int(limit) / int(period), 3)
