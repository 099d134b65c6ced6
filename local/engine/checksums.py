"""Checksums: fast CRC64NVME and CRC32C, and the algorithm that an object gets when none is asked for.

The engine computes both in pure Python (seconds for the parts of a multipart object).
"""

import awscrt.checksums
import ministack.services.s3 as s3

from .seams import around, instead

# AWS gives every object that comes without a checksum this one.
DEFAULT_ALGORITHM = "CRC64NVME"


@instead(s3, "_crc64nvme")
def crc64nvme(body: bytes) -> int:
    return awscrt.checksums.crc64nvme(bytes(body))


@instead(s3, "_crc32c")
def crc32c(body: bytes) -> int:
    return awscrt.checksums.crc32c(bytes(body))


def names_checksum(headers: dict) -> bool:
    """Whether a write asks for a checksum algorithm or carries a checksum."""
    return any(name.startswith("x-amz-checksum-") or name == "x-amz-sdk-checksum-algorithm" for name in headers)


def response_headers(record: dict) -> dict[str, str]:
    """The checksum headers that AWS answers a write with."""
    checksums = record.get("checksums") or {}
    headers = {f"x-amz-checksum-{algorithm.lower()}": value for algorithm, value in checksums.items()}
    return {**headers, "x-amz-checksum-type": checksum_type(record)} if headers else {}


def elements(record: dict) -> dict[str, str]:
    """The checksum elements of CopyObjectResult and CopyPartResult."""
    return {f"Checksum{algorithm}": value for algorithm, value in (record.get("checksums") or {}).items()}


def checksum_type(record: dict) -> str:
    return record.get("checksum_type") or "FULL_OBJECT"


# The type is kept with the current object only; versions would all read FULL_OBJECT.
@around(s3, "_version_entry_from_record")
def version_entry(inner, obj, version_id, data):
    return {**inner(obj, version_id, data), "checksum_type": obj.get("checksum_type")}


@around(s3, "_object_record_from_version")
def object_record(inner, version):
    return {**inner(version), "checksum_type": version.get("checksum_type"), "parts": version.get("parts")}
