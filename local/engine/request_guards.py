"""Refusals that AWS makes before it looks at an S3 request: keys that are too long, buckets of another owner."""

import ministack.services.s3 as s3

from .object_copy import source_of
from .seams import around

MAX_KEY_BYTES = 1024


def _key_too_long(key: str):
    size = len(key.encode("utf-8", "surrogatepass"))
    if size <= MAX_KEY_BYTES:
        return None
    facts = {"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)}
    return s3._error("KeyTooLongError", "Your key is too long", 400, extra=facts)


def _foreign(bucket: str, expected: str | None):
    """403 where the caller expects another owner than the bucket has."""
    owner = s3._bucket_owner_account(bucket) if expected and bucket else None
    return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}") if owner and owner != expected else None


@around(s3, "_dispatch")
def dispatch(inner, method, bucket, key, headers, body, query):
    refused = _key_too_long(key) or _foreign(bucket, headers.get("x-amz-expected-bucket-owner"))
    if refused is None and "x-amz-copy-source" in headers:
        refused = _foreign(source_of(headers)[0], headers.get("x-amz-source-expected-bucket-owner"))
    return inner(method, bucket, key, headers, body, query) if refused is None else refused
