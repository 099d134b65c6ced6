"""The name of the null version: AWS answers reads of it with `x-amz-version-id: null` once a bucket had versioning."""

import ministack.services.s3 as s3

from .seams import around


def _named(bucket_name: str, reply: tuple) -> tuple:
    status, headers, body = reply
    versioned = s3._bucket_versioning.get(bucket_name) is not None
    if status not in (200, 206) or not versioned or "x-amz-version-id" in headers:
        return reply
    return status, {**headers, "x-amz-version-id": "null"}, body


@around(s3, "_get_object")
def get_object(inner, bucket_name, *args, **kwargs):
    return _named(bucket_name, inner(bucket_name, *args, **kwargs))


@around(s3, "_head_object")
def head_object(inner, bucket_name, *args, **kwargs):
    return _named(bucket_name, inner(bucket_name, *args, **kwargs))
