"""ETags as AWS computes them: MD5 of the body only without KMS or customer keys, and no part count on a plain copy.

The engine always answers MD5, and a copy keeps the ETag of its source, so that code which takes an ETag for a
checksum would pass here and fail on AWS.
"""

import hashlib
import os

import ministack.services.s3 as s3


def opaque(headers: dict) -> bool:
    """Whether an object stored with these encryption headers has an ETag that says nothing about its bytes."""
    kms = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    return kms or any(name.startswith("x-amz-server-side-encryption-customer") for name in headers)


def digest(body: bytes, encryption: dict) -> str:
    return os.urandom(16).hex() if opaque(encryption) else hashlib.md5(body).hexdigest()


def etag_of(body: bytes, encryption: dict) -> str:
    return f'"{digest(body, encryption)}"'


def etag_of_copy(bucket: str, key: str, source: dict, encryption: dict) -> str:
    """A copy in one request is one part, whatever its source was."""
    if opaque(encryption) or opaque(source.get("preserved_headers") or {}) or "-" in source["etag"]:
        return etag_of(s3._read_body(bucket, key, source), encryption)
    return source["etag"]
