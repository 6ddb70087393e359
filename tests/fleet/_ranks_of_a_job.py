"""A job whose ranks are compared; what goes wrong with one of them is told by the first argument."""

import json
import os
import sys
import time

import torch
import torch.distributed as dist

import envprint

if os.environ["RANK"] == "2" and "threads" in sys.argv:
    torch.set_num_threads(1)
dist.init_process_group("gloo")
weights = torch.nn.Linear(3, 3)
before = torch.get_rng_state()
if os.environ["RANK"] == "2" and "silent" in sys.argv:
    time.sleep(60)
began = time.monotonic()
report = envprint.compare_ranks(timeout=15 if "silent" in sys.argv else 120)
took = time.monotonic() - began
assert torch.equal(before, torch.get_rng_state())
total = torch.tensor([1.0])
if "silent" not in sys.argv:
    dist.all_reduce(total)
    assert total.item() == dist.get_world_size()
if report is not None:
    sys.stdout.write(json.dumps({"took": took, "report": report.model_dump(mode="json")}))
if "silent" in sys.argv:
    os._exit(0)
dist.destroy_process_group()
