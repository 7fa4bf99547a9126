"""Where a filing comes from: the device and the network, as keyed digests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Keyed digests: of what is not known, None."""

    device: bytes | None = None
    address: bytes | None = None

    def __bool__(self) -> bool:
        return self.device is not None or self.address is not None
