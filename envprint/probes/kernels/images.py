"""What Pillow and its libjpeg make of images."""

import base64
import io
from typing import Any

from envprint.probes.inputs import Inputs, hashes
from envprint.probes.probe import Run

# 56 x 40 pixels, colours at half the resolution: how they are enlarged is where decoders differ
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYV"
    "pQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAo"
    "ADgDASIAAhEBAxEB/8QAGAAAAwEBAAAAAAAAAAAAAAAAAAUGBAL/xAAhEAABBAICAwEBAAAAAAAAAAABAAIDBAUREhMhIjFBUf/EABgBAAMBAQ"
    "AAAAAAAAAAAAAAAAMEBQYC/8QAJBEAAQQCAgEEAwAAAAAAAAAAAQACAwQFERIhIhMUMUEjUWH/2gAMAwEAAhEDEQA/AKepJFLGN6WXJU45GHQC"
    "QwZB8A0StTcw1/guR6+PcDz+kTIsfUZqNI8hijzJAWetVfC/4VVRvisfxdvxzXt20JibK16w4PCnYuZ80n5Fko3xCAHFMTl4Ht0SEhyFKWMHiC"
    "kEz543+SUmyUWzuGNXciyExaae1YzGvZ/AdoSDGWvYc3IRHR32HQa0LJijKextM8nQLAS0KZsOlhk/VeSzRWGfiT2sY2Z3qEz7/wBtVHNOPyLp"
    "5uD0rxd94eASVZ4+2x8Y5FTceHfH7Bq4sWn0xretKXHQisj15T0tLHViEW2/KqrvQ9h+KVyFLscetqyR5mSSTiXFP8bLFIAXkFFY+yBqAcWD7W"
    "Utes2bXypyPGWGu2AQEK76I5GajaEJV16rvzLnH9haepMGxAOHahaeTe3XIlUWLttmcA4oQqOeiaWRtUivVje8uI7VGY4TX34+KUzFDuceIQhS"
    "pnETxwg+K6tTvhb4FTc9J9d2wFqx8s4eN7AQhXLTjJI2semfxMYgCbyf2VV1MrHXjAcdlCEKLckNeUxxAABUrFdnNf/Z"
)


def jpeg(image: Any, x: Inputs) -> Run:
    """Decode a small photograph into bytes."""
    del x
    content = base64.b64decode(JPEG)
    return lambda: image.open(io.BytesIO(content)).convert("RGB").tobytes()


def resize(image: Any, x: Inputs) -> Run:
    """Make a picture smaller, with the bicubic filter."""
    del x
    pixels = (hashes("pixels", 64 * 48 * 3) >> 24).astype("uint8").tobytes()
    picture = image.frombytes("RGB", (64, 48), pixels)
    return lambda: picture.resize((41, 29), resample=image.Resampling.BICUBIC).tobytes()
