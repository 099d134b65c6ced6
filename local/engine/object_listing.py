"""Listings: url encoding, whole seconds, AWS's order of versions and delete markers, paging inside a key."""

import heapq
import re
from datetime import datetime, timezone
from urllib.parse import quote_plus

import ministack.services.s3 as s3

from .seams import around, instead
from .xml_text import xml

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
MAX_KEYS = 1000


@instead(s3, "now_iso")
def now_in_whole_seconds() -> str:
    """S3 dates have one-second resolution; with milliseconds, tests of writes in one second would prove nothing."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@instead(s3, "_url_encode")
def url_encode(value: str) -> str:
    """`encoding-type=url` is form encoding that leaves slashes alone: a space is a plus sign."""
    return quote_plus(value, safe="/*")


@around(s3, "_xml_body")
def xml_body(inner, root):
    # A raw carriage return would be read back as a line feed.
    return inner(root).replace(b"\r", b"&#13;")


def _versions_of(bucket_name: str, key: str) -> list[dict]:
    """Versions and delete markers of a key, newest first; an object older than versioning is its own history."""
    history = s3._object_versions.get((bucket_name, key))
    if history:
        return list(reversed(history))
    record = s3._buckets[bucket_name]["objects"].get(key)
    return [{**record, "version_id": record.get("version_id") or "null", "is_latest": True}] if record else []


def _row(key: str, version: dict, owner: dict) -> str:
    """One <Version> or <DeleteMarker>, its children in AWS's order."""
    marker = version.get("is_delete_marker")
    children = {
        **({} if marker else {"ETag": version["etag"]}),
        **({} if marker else _checksum_children(version)),
        **({} if marker else {"Size": version["size"], "StorageClass": version.get("storage_class") or "STANDARD"}),
        "Key": key,
        "VersionId": version["version_id"],
        "IsLatest": bool(version["is_latest"]),
        "LastModified": version["last_modified"],
        "Owner": owner,
    }
    return xml("DeleteMarker" if marker else "Version", children)


def _checksum_children(version: dict) -> dict:
    algorithms = list(version.get("checksums") or {})
    return {"ChecksumAlgorithm": algorithms, "ChecksumType": version.get("checksum_type") or "FULL_OBJECT"} if algorithms else {}


class _Page:
    """One page of a version listing, filled until it holds `limit` rows."""

    def __init__(self, bucket_name: str, query: dict):
        self.bucket_name = bucket_name
        self.prefix = s3._qp(query, "prefix", "")
        self.delimiter = s3._qp(query, "delimiter", "")
        self.key_marker = s3._qp(query, "key-marker", "")
        self.version_marker = s3._qp(query, "version-id-marker", "")
        self.limit = min(int(s3._qp(query, "max-keys", "") or MAX_KEYS), MAX_KEYS)
        self.rows: list[tuple[str, dict]] = []
        self.groups: list[str] = []
        self.last: tuple[str, str | None] | None = None
        self.truncated = False

    def group_of(self, key: str) -> str | None:
        at = key.find(self.delimiter, len(self.prefix)) if self.delimiter else -1
        return None if at < 0 else key[: at + len(self.delimiter)]

    def _after_marker(self, key: str) -> bool:
        # A marker that is a common prefix stands for everything rolled up in it.
        if self.delimiter and self.key_marker.endswith(self.delimiter) and key.startswith(self.key_marker):
            return self.group_of(key) != self.key_marker
        return key >= self.key_marker if self.version_marker else key > self.key_marker

    def keys(self) -> list[str]:
        """The next keys in UTF-8 byte order, which is Python's order of strings; enough of them to fill the page."""
        names = set(s3._buckets[self.bucket_name]["objects"])
        names.update(key for bucket, key in s3._object_versions if bucket == self.bucket_name)
        wanted = [key for key in names if key.startswith(self.prefix) and self._after_marker(key)]
        # Rolled-up keys take no row each, so only a listing without a delimiter can stop early.
        return sorted(wanted) if self.delimiter else heapq.nsmallest(self.limit + 2, wanted)

    def _full(self) -> bool:
        self.truncated = len(self.rows) + len(self.groups) >= self.limit
        return self.truncated

    def fill(self) -> None:
        if self.limit <= 0:
            return
        for key in self.keys():
            group = self.group_of(key)
            if group is not None:
                if self.groups and self.groups[-1] == group:
                    continue
                if self._full():
                    return
                self.groups.append(group)
                self.last = (group, None)
                continue
            versions = _versions_of(self.bucket_name, key)
            if self.version_marker and key == self.key_marker:
                ids = [version["version_id"] for version in versions]
                versions = versions[ids.index(self.version_marker) + 1 :] if self.version_marker in ids else []
            for version in versions:
                if self._full():
                    return
                self.rows.append((key, version))
                self.last = (key, version["version_id"])

    def document(self, encode) -> str:
        owner = {"ID": s3._canonical_owner_id(), "DisplayName": "local"}
        next_key, next_version = self.last if self.truncated and self.last else (None, None)
        head = {
            "Name": self.bucket_name,
            "Prefix": encode(self.prefix),
            "KeyMarker": encode(self.key_marker),
            "VersionIdMarker": self.version_marker,
            "NextKeyMarker": None if next_key is None else encode(next_key),
            "NextVersionIdMarker": next_version,
            "MaxKeys": self.limit,
            "Delimiter": encode(self.delimiter) if self.delimiter else None,
            "EncodingType": "url" if encode is url_encode else None,
            "IsTruncated": self.truncated,
        }
        return "".join(
            [
                *(xml(name, value) for name, value in head.items()),
                *(_row(encode(key), version, owner) for key, version in self.rows),
                *(xml("CommonPrefixes", {"Prefix": encode(group)}) for group in self.groups),
            ]
        )


@instead(s3, "_list_object_versions")
def list_object_versions(bucket_name, query):
    if s3._ensure_bucket(bucket_name) is None:
        return s3._no_such_bucket(bucket_name)
    if s3._qp(query, "version-id-marker", "") and not s3._qp(query, "key-marker", ""):
        return s3._error("InvalidArgument", "A version-id marker cannot be specified without a key marker.", 400)
    page = _Page(bucket_name, query)
    page.fill()
    encode = url_encode if s3._qp(query, "encoding-type", "") == "url" else str
    text = f'<ListVersionsResult xmlns="{NAMESPACE}">{page.document(encode)}</ListVersionsResult>'
    body = s3.XML_DECL + b"\n" + text.encode("utf-8").replace(b"\r", b"&#13;")
    return 200, {"Content-Type": "application/xml"}, body


_MAX_KEYS_ELEMENT = re.compile(rb"<MaxKeys>\d+</MaxKeys>")


def _capped(inner, bucket_name, query):
    """AWS never lists more than 1,000 keys at once, whatever is asked for."""
    if int(s3._qp(query, "max-keys", "") or MAX_KEYS) <= MAX_KEYS:
        return inner(bucket_name, query)
    status, headers, body = inner(bucket_name, {**query, "max-keys": [str(MAX_KEYS)]})
    return status, headers, _MAX_KEYS_ELEMENT.sub(b"<MaxKeys>%d</MaxKeys>" % MAX_KEYS, body, count=1)


around(s3, "_list_objects_v1")(_capped)
around(s3, "_list_objects_v2")(_capped)
