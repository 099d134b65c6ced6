"""Plain http on loopback counts as TLS.

Buckets that enforce TLS (the CDK bootstrap bucket, every `enforceSSL` one) deny all requests otherwise; certificates
of our own would have to be trusted by the CDK CLI, the SDKs and each Lambda worker.
"""

import ministack.app as app

from .seams import existing

_inner = existing(app, "app")


async def _behind_tls(scope, receive, send):
    if scope["type"] == "http":
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await _inner(scope, receive, send)


app.app = _behind_tls
