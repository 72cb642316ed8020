"""How schemathesis sends what openapi.json calls bytes: modules and bundles."""

import schemathesis


@schemathesis.serializer("application/wasm", "application/x-tar")
def plain_bytes(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()
