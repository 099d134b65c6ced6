"""CopyObject: conditions on the destination, archived sources, storage class, ETag and checksum as on AWS."""

import ministack.services.s3 as s3

from . import checksums
from .object_etags import etag_of_copy
from .object_put import replacing_null_version
from .seams import around, rewrite
from .xml_text import with_children, xml

rewrite(
    s3,
    "_copy_object",
    {
        'new_etag = src_obj["etag"]': "new_etag = _bridge_copy_etag(src_bucket_name, src_key, src_obj, dest_sse)",
        # An object has one checksum: a newly asked one replaces the source's, and is one of the whole body.
        'dest_checksums = dict(src_obj.get("checksums") or {})': "dest_checksums = {}",
        # Replaced metadata are all replaced.
        'content_encoding = headers.get("content-encoding", src_obj.get("content_encoding"))': (
            'content_encoding = headers.get("content-encoding")'
        ),
    },
    _bridge_copy_etag=etag_of_copy,
)


def source_of(headers: dict) -> tuple[str, str, str | None]:
    """Bucket, key and version id that `x-amz-copy-source` names."""
    path, _, query = headers.get("x-amz-copy-source", "").lstrip("/").partition("?")
    bucket, _, key = s3.url_unquote(path).partition("/")
    version = s3._parse_qs(query, keep_blank_values=True).get("versionId", [None])[0]
    return bucket, key, version


def source_record(headers: dict) -> dict | None:
    """The engine's record of the source, None where there is none (the engine then answers the error itself)."""
    bucket, key, version = source_of(headers)
    current = (s3._ensure_bucket(bucket) or {"objects": {}})["objects"].get(key)
    if not version or (version == "null" and current and not current.get("version_id")):
        return current
    found = [v for v in s3._object_versions.get((bucket, key)) or [] if v["version_id"] == version]
    return found[0] if found and not found[0].get("is_delete_marker") else None


def archived_source(headers: dict):
    """403 for a source that nobody has restored from an archive class; the engine would copy it."""
    record = source_record(headers)
    storage_class = (record or {}).get("storage_class")
    if storage_class not in s3._ARCHIVE_STORAGE_CLASSES:
        return None
    bucket, key, _ = source_of(headers)
    current = s3._buckets[bucket]["objects"].get(key)
    if current and current.get("version_id") == record.get("version_id"):
        if s3._sync_restore(bucket, key, current) == "restored":
            return None
    return s3._invalid_object_state(bucket, key, storage_class)


def marker_source(headers: dict):
    """400 for a source that is a delete marker by its version id; the engine says that there is no such version."""
    bucket, key, version = source_of(headers)
    found = [v for v in s3._object_versions.get((bucket, key)) or [] if version and v["version_id"] == version]
    if not found or not found[0].get("is_delete_marker"):
        return None
    message = "The source of a copy request may not specifically refer to a delete marker by version id."
    return s3._error("InvalidRequest", message, 400)


def _copy_headers(headers: dict, record: dict | None) -> dict:
    """The request with the defaults that AWS applies to it spelled out."""
    algorithm = headers.get("x-amz-checksum-algorithm") or next(
        iter((record or {}).get("checksums") or {}), checksums.DEFAULT_ALGORITHM
    )
    # The engine keeps the source's storage class; AWS stores STANDARD unless told otherwise.
    return {"x-amz-storage-class": "STANDARD", **headers, "x-amz-sdk-checksum-algorithm": algorithm}


@around(s3, "_copy_object")
def copy_object(inner, bucket, key, headers):
    destination = s3._ensure_bucket(bucket)
    refused = marker_source(headers) or archived_source(headers)
    if refused is None and destination is not None:
        refused = s3._check_put_preconditions(headers, destination["objects"].get(key))
    if refused is not None:
        return refused
    headers = _copy_headers(headers, source_record(headers))
    source_bucket, source_key, _ = source_of(headers)

    def copy():
        return inner(bucket, key, headers)

    # Copying an object onto itself reads the tags of the version that it replaces.
    same = (source_bucket, source_key) == (bucket, key)
    status, reply, document = copy() if same else replacing_null_version(bucket, key, copy)
    if status == 200:
        record = destination["objects"][key]
        children = "".join(xml(name, value) for name, value in checksums.elements(record).items())
        children += xml("ChecksumType", checksums.checksum_type(record))
        document = with_children(document, "CopyObjectResult", children)
    return status, reply, document
