"""The product, told that the request came over https: what the proxy in front of it would say."""

from collections.abc import Iterable
from typing import Any

from channels_platform.wsgi import application as product


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return product(environ | {"wsgi.url_scheme": "https"}, start_response)
