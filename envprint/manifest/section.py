"""What every section of a manifest is: a frozen record that keeps the fields it does not know."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of a manifest.

    A field that is not set was never asked for; a field that is None was asked for, and there is nothing (`absent`)
    or it could not be read (`failed`): the manifest's gaps tell which. Fields of a newer minor version are kept.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False, defer_build=True)


Strings: TypeAlias = Annotated[tuple[str, ...], Field(strict=False)]
Integers: TypeAlias = Annotated[tuple[int, ...], Field(strict=False)]
