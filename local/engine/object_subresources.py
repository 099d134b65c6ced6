"""Tags and ACLs of older versions under a delete marker, and the tag count on HEAD."""

import ministack.services.s3 as s3

from .seams import around, rewrite


def _hidden(bucket_name: str, bucket: dict, key: str, query: dict | None) -> bool:
    """Whether neither a current object nor the version that the request names exists."""
    version = s3._qp(query or {}, "versionId", "")
    if key in bucket["objects"]:
        return False
    return not any(
        v["version_id"] == version and not v.get("is_delete_marker")
        for v in s3._object_versions.get((bucket_name, key)) or []
    )


for _name in (
    "_get_object_tagging",
    "_put_object_tagging",
    "_delete_object_tagging",
    "_get_object_acl",
    "_put_object_acl",
):
    rewrite(
        s3,
        _name,
        {'if key not in bucket["objects"]:': "if _bridge_hidden(bucket_name, bucket, key, query_params):"},
        _bridge_hidden=_hidden,
    )


@around(s3, "_head_object")
def head_object(inner, bucket_name, key, headers=None, query=None):
    status, reply, body = inner(bucket_name, key, headers, query)
    if status == 200:
        bucket = s3._buckets[bucket_name]
        version = s3._resolve_subresource_version(query or {}, bucket, key)
        reply = {**reply, **s3._object_tagging_count_header(bucket_name, key, version)}
    return status, reply, body


@around(s3, "_object_tagging_count_header")
def tagging_count(inner, bucket_name, key, version_id):
    # GetObject asks for the null version by its wire name; its tags are kept under None.
    return inner(bucket_name, key, None if version_id == "null" else version_id)
