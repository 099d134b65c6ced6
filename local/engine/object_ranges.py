"""Ranges of old versions: the engine serves a range of the current object only, and the whole body by version id."""

import ministack.services.s3 as s3

from .seams import around, existing

_parse_range = existing(s3, "_parse_range")
_range_error_xml = existing(s3, "_range_error_xml")


@around(s3, "_get_object")
def get_object(inner, bucket_name, key, headers, query_params=None):
    status, reply, body = inner(bucket_name, key, headers, query_params)
    asked = headers.get("range", "")
    if status != 200 or not asked or not s3._qp(query_params or {}, "versionId", ""):
        return status, reply, body
    total = len(body)
    found = _parse_range(asked, total)
    if found is None:
        error = {"Content-Type": "application/xml", "Content-Range": f"bytes */{total}"}
        return 416, error, s3._xml_body(_range_error_xml(bucket_name, key))
    start, end = found
    part = body[start : end + 1]
    # The checksum of the whole object says nothing about a part of it.
    kept = {name: value for name, value in reply.items() if not name.lower().startswith("x-amz-checksum-")}
    length = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{total}"}
    return 206, {**kept, **length}, part
