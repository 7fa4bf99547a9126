"""Where a request comes from, read off it; what the digests are of is forgotten at once."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from channels_platform.middleware import caller_address, device_of
from channels_platform.privacy.keys import phone_index
from leads.origin import Origin


def origin_of(request: Any) -> Origin:
    """Return where a request comes from: of a program's, its key stands for the device."""
    token = getattr(request, "auth", None)
    device = f"token:{token.pk}" if token is not None else device_of(request)
    network = network_of(caller_address(request))
    index = phone_index()
    return Origin(
        device=index.digest(f"device:{device}") if device else None,
        address=index.digest(f"network:{network}") if network else None,
    )


def network_of(address: str) -> str:
    """Return what stands for a caller's network: an IPv4 address, of an IPv6 address its /64; '' of one not public.

    A private address is a proxy's that we were not told of, or a network's own: it tells nobody from anybody.
    """
    try:
        read: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(read, IPv6Address) and read.ipv4_mapped is not None:
        read = read.ipv4_mapped
    if not read.is_global:
        return ""
    return str(read) if isinstance(read, IPv4Address) else str(ip_network((read, 64), strict=False))
