"""Multipart uploads: tags and ACL of the initiation, the minimum part size, checksums of the whole object, dates."""

import re
from urllib.parse import parse_qsl

import awscrt.checksums
import ministack.services.s3 as s3

from . import checksums
from .object_copy import archived_source
from .object_etags import digest, etag_of
from .object_put import replacing_null_version
from .seams import around, rewrite
from .xml_text import with_children, xml

MINIMUM_PART_BYTES = 5 * 1024 * 1024
# Algorithms whose checksum of the whole follows from those of the parts; CRC64NVME has no other type.
FULL_OBJECT_ONLY = {"CRC64NVME"}


def _final_checksum(upload: dict, part_digests: list, bodies: list) -> tuple[str, str | None, str | None]:
    """Algorithm, value and type that the completed object gets."""
    algorithm = upload.get("checksum_algorithm") or checksums.DEFAULT_ALGORITHM
    if upload.get("checksum_type") != "FULL_OBJECT":
        return algorithm, s3._composite_checksum(algorithm, part_digests), "COMPOSITE"
    if algorithm == "CRC64NVME":
        value = 0
        for body in bodies:
            value = awscrt.checksums.crc64nvme(bytes(body), value)
        return algorithm, s3.base64.b64encode(s3.struct.pack(">Q", value)).decode(), "FULL_OBJECT"
    return algorithm, s3._compute_s3_checksum(algorithm, b"".join(bodies)), "FULL_OBJECT"


def _part_checksums(body: bytes, upload: dict) -> dict:
    return s3._resolve_part_checksums(body, {}, upload)[0]


def _encryption(upload: dict) -> dict:
    return upload.get("preserved_headers") or {}


rewrite(
    s3,
    "_upload_part",
    {"etag = f'\"{md5_hash(body)}\"'": "etag = _bridge_etag(body, upload.get('preserved_headers') or {})"},
    _bridge_etag=etag_of,
)
rewrite(
    s3,
    "_upload_part_copy",
    {
        '"size": len(src_body),\n': '"size": len(src_body),\n'
        '        "checksums": _bridge_part_checksums(src_body, _multipart_uploads[upload_id]),\n',
    },
    _bridge_part_checksums=_part_checksums,
)
rewrite(
    s3,
    "_complete_multipart_upload",
    {
        "composite = _composite_checksum(checksum_algorithm, part_digests)": "checksum_algorithm, composite, "
        "checksum_type = _bridge_final_checksum(upload, part_digests, combined_parts)",
        '"checksum_type": "COMPOSITE" if composite else None': '"checksum_type": checksum_type',
        '"ChecksumType").text = "COMPOSITE"': '"ChecksumType").text = checksum_type',
        "final_md5 = hashlib.md5(md5_digests).hexdigest()": "final_md5 = _bridge_digest("
        "md5_digests, upload.get('preserved_headers') or {})",
        # AWS dates a multipart object by the start of its upload.
        '"last_modified": now_iso()': '"last_modified": upload["created"]',
    },
    _bridge_final_checksum=_final_checksum,
    _bridge_digest=digest,
)


@around(s3, "_create_multipart_upload")
def create(inner, bucket, key, headers):
    grants, refused = s3._grant_headers_acl(headers, s3._bucket_owner_enforced(s3._ensure_bucket(bucket) or {}))
    if refused and s3._ensure_bucket(bucket):
        return refused
    status, reply, document = inner(bucket, key, headers)
    if status != 200:
        return status, reply, document
    upload = s3._multipart_uploads[re.search(rb"<UploadId>([^<]+)", document)[1].decode()]
    upload["tags"] = dict(parse_qsl(headers.get("x-amz-tagging", ""), keep_blank_values=True))
    canned = headers.get("x-amz-acl")
    upload["acl"] = s3._canned_acl_policy_xml(canned, s3._canonical_owner_id()) if canned else grants
    algorithm = upload.get("checksum_algorithm")
    asked = headers.get("x-amz-checksum-type", "").upper()
    whole = asked == "FULL_OBJECT" or algorithm is None or algorithm in FULL_OBJECT_ONLY
    upload["checksum_type"] = "FULL_OBJECT" if whole else "COMPOSITE"
    if algorithm:
        reply = {**reply, "x-amz-checksum-type": upload["checksum_type"]}
    return status, reply, document


@around(s3, "_upload_part_copy")
def upload_part_copy(inner, bucket, key, query, headers):
    refused = archived_source(headers)
    if refused is not None:
        return refused
    status, reply, document = inner(bucket, key, query, headers)
    if status == 200:
        part = s3._multipart_uploads[s3._qp(query, "uploadId")]["parts"][int(s3._qp(query, "partNumber"))]
        children = "".join(xml(name, value) for name, value in checksums.elements(part).items())
        document = with_children(document, "CopyPartResult", children)
    return status, reply, document


def _too_small(upload: dict, body: bytes):
    """AWS's answer when a part other than the last is below the minimum, None otherwise."""
    numbers = sorted(int(n) for n in re.findall(rb"<PartNumber>\s*(\d+)\s*</PartNumber>", body))
    for number in numbers[:-1]:
        part = upload["parts"].get(number)
        if part and part["size"] < MINIMUM_PART_BYTES:
            facts = {"ProposedSize": part["size"], "MinSizeAllowed": MINIMUM_PART_BYTES, "PartNumber": number}
            message = "Your proposed upload is smaller than the minimum allowed size"
            return s3._error("EntityTooSmall", message, 400, extra={k: str(v) for k, v in facts.items()})
    return None


def _rank_by_start(bucket: str, key: str, version_id: str | None) -> None:
    """On AWS the current version is the one whose write started last, not the upload that completed last."""
    versions = s3._object_versions.get((bucket, key)) or []
    mine = next((v for v in versions if v["version_id"] == version_id), None)
    if mine is None or versions[-1] is not mine:
        return
    older = [v for v in versions[:-1] if v["last_modified"] <= mine["last_modified"]]
    newer = [v for v in versions[:-1] if v["last_modified"] > mine["last_modified"]]
    if not newer:
        return
    versions[:] = [*older, mine, *newer]
    for version in versions:
        version["is_latest"] = version is versions[-1]
    objects = s3._buckets[bucket]["objects"]
    if versions[-1].get("is_delete_marker"):
        objects.pop(key, None)
    else:
        objects[key] = s3._object_record_from_version(versions[-1])


@around(s3, "_complete_multipart_upload")
def complete(inner, bucket, key, body, query, headers=None):
    upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
    if upload is None:
        return inner(bucket, key, body, query, headers)
    refused = _too_small(upload, body)
    if refused is not None:
        return refused
    reply = replacing_null_version(bucket, key, lambda: inner(bucket, key, body, query, headers))
    if reply[0] == 200:
        version = s3._buckets[bucket]["objects"][key].get("version_id")
        if upload.get("tags"):
            s3._object_tags[(bucket, key, version)] = upload["tags"]
        if upload.get("acl"):
            s3._object_acl[(bucket, key, version)] = upload["acl"]
        _rank_by_start(bucket, key, version)
    return reply
