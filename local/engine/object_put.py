"""PutObject: checksums in the answer, and nothing inherited from the null version that it replaces."""

import ministack.services.s3 as s3

from . import checksums
from .object_etags import etag_of
from .seams import around, rewrite

rewrite(s3, "_put_object", {"etag = f'\"{md5_hash(body)}\"'": "etag = _bridge_etag(body, sse_headers)"}, _bridge_etag=etag_of)

# Per-version facts of a key; None is the engine's version id of a null version.
_PER_VERSION = ("_object_tags", "_object_acl", "_object_retention", "_object_legal_hold")


def forget_null_version(bucket: str, key: str) -> dict:
    """Drop what belongs to the null version, and return it by store."""
    return {name: getattr(s3, name).pop((bucket, key, None), None) for name in _PER_VERSION}


def restore_null_version(bucket: str, key: str, facts: dict) -> None:
    for name, value in facts.items():
        if value is not None:
            getattr(s3, name)[(bucket, key, None)] = value


def replacing_null_version(bucket: str, key: str, write):
    """Run `write`; where it replaces the null version in place, the old tags, ACL and locks go with the old body."""
    if s3._bucket_versioning.get(bucket) == "Enabled":
        return write()
    facts = forget_null_version(bucket, key)
    reply = write()
    if reply[0] >= 300:
        restore_null_version(bucket, key, facts)
    return reply


@around(s3, "_put_object")
def put_object(inner, bucket, key, body, headers):
    if not checksums.names_checksum(headers):
        headers = {**headers, "x-amz-sdk-checksum-algorithm": checksums.DEFAULT_ALGORITHM}
    status, reply, document = replacing_null_version(bucket, key, lambda: inner(bucket, key, body, headers))
    if status == 200:
        reply = {**reply, **checksums.response_headers(s3._buckets[bucket]["objects"][key])}
    return status, reply, document


@around(s3, "_delete_object_version")
def delete_object_version(inner, bucket, bucket_name, key, version_id):
    found = inner(bucket, bucket_name, key, version_id)
    if version_id == "null":
        forget_null_version(bucket_name, key)
    return found


@around(s3, "_record_delete_marker")
def record_delete_marker(inner, bucket_name, key, prior):
    if s3._bucket_versioning.get(bucket_name) != "Enabled":
        forget_null_version(bucket_name, key)
    return inner(bucket_name, key, prior)
