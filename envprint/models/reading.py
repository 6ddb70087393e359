"""Read tensors where they lie: what is on a device is digested there, and comes to the host while both work on.

A device is asked in its stream, behind all that it has to do, and what it computes is copied without waiting: it has
come once an event behind the copy has. Each answer is a function, to be called when all `is_here`.
https://docs.pytorch.org/docs/stable/notes/cuda.html#asynchronous-execution
"""

import sys
import time
from typing import Any

from envprint.models.on_device import Later, OnDevice
from envprint.models.tensors import TensorContent


class Reading:
    """What was asked of devices so far; nothing waits for them but `wait`.

    What a device could not give after all raises KeyError when it is called.
    """

    def __init__(self) -> None:
        self.devices: dict[tuple[Any, Any], OnDevice] = {}

    def digests(self, content: TensorContent, *, stays: bool = False) -> Later[bytes]:
        """Ask for the XXH3-128 of each `CHUNK` of the bytes of a tensor; RuntimeError where the device cannot.

        It is read as it is now; one that `stays`, unwritten until `compute`, need not be copied for that.
        """
        return self._device(content.tensor.device).digests(content.tensor, stays=stays)

    def fetch(self, tensor: Any) -> Later[Any]:
        """Ask for a copy of a tensor in the host's memory, as it is now."""
        if tensor.is_cpu:
            copy = tensor.detach().clone()
            return lambda: copy
        return self._device(tensor.device).fetch(tensor)

    def compute(self) -> None:
        """Have the devices digest what they were asked to; RuntimeError where one cannot, and forgets all of that."""
        for device in self.devices.values():
            device.compute()

    def start(self) -> None:
        """Have all come, now that everything was asked for; RuntimeError where a device does not work any more."""
        for device in self.devices.values():
            device.start()

    def is_here(self) -> bool:
        """Tell whether all has come."""
        return all(device.is_here() for device in self.devices.values())

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all has come, or no longer than some seconds; return whether it has."""
        if seconds is None:
            for device in self.devices.values():
                device.wait()
            return True
        until = time.monotonic() + seconds
        while not self.is_here():
            if time.monotonic() > until:
                return False
            time.sleep(0.001)
        return True

    def _device(self, device: Any) -> OnDevice:
        """Return what is asked of the stream in which a device works now; of one without streams all is waited for."""
        module = getattr(sys.modules["torch"], device.type, None)
        has_streams = all(hasattr(module, name) for name in ("Event", "current_stream", "stream"))
        stream = module.current_stream(device) if module is not None and has_streams else None
        if (device, stream) not in self.devices:
            self.devices[device, stream] = OnDevice(module, stream)
        return self.devices[device, stream]
