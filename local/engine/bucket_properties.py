"""CloudFormation properties of AWS::S3::Bucket that the engine would ignore in silence."""

import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.s3 as s3

from .seams import existing
from .xml_text import xml


def _encryption(prop: dict) -> bytes:
    def default(rule: dict) -> dict:
        # The engine refuses aws:kms without a key id (as in the CDK bootstrap stack), where AWS takes its own key.
        named = rule["SSEAlgorithm"] != "aws:kms" or rule.get("KMSMasterKeyID")
        return rule if named else {"SSEAlgorithm": "AES256"}

    rules = [
        {
            "ApplyServerSideEncryptionByDefault": default(rule["ServerSideEncryptionByDefault"]),
            "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
        }
        for rule in prop["ServerSideEncryptionConfiguration"]
    ]
    return xml("ServerSideEncryptionConfiguration", {"Rule": rules}).encode()


def _lifecycle_rule(rule: dict) -> dict:
    """A lifecycle rule in the names of the S3 API."""
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "Date": rule.get("ExpirationDate"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
    }
    noncurrent = rule.get("NoncurrentVersionExpiration") or (
        {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
        if "NoncurrentVersionExpirationInDays" in rule
        else None
    )
    conditions = {
        "Prefix": rule.get("Prefix"),
        "Tag": [{"Key": tag["Key"], "Value": tag["Value"]} for tag in rule.get("TagFilters") or []],
        "ObjectSizeGreaterThan": rule.get("ObjectSizeGreaterThan"),
        "ObjectSizeLessThan": rule.get("ObjectSizeLessThan"),
    }
    given = {name: value for name, value in conditions.items() if value not in (None, [])}
    several = len(given) > 1 or len(given.get("Tag", [])) > 1
    return {
        "ID": rule.get("Id"),
        "Filter": {"And": given} if several else given or {"Prefix": ""},
        "Status": rule["Status"],
        "Expiration": expiration if any(v is not None for v in expiration.values()) else None,
        "NoncurrentVersionExpiration": noncurrent,
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
        "Transition": [
            {"Days": t.get("TransitionInDays"), "Date": t.get("TransitionDate"), "StorageClass": t["StorageClass"]}
            for t in rule.get("Transitions") or []
        ],
        "NoncurrentVersionTransition": [
            {"NoncurrentDays": t["TransitionInDays"], "StorageClass": t["StorageClass"]}
            for t in rule.get("NoncurrentVersionTransitions") or []
        ],
    }


def _lifecycle(prop: dict) -> bytes:
    return xml("LifecycleConfiguration", {"Rule": [_lifecycle_rule(rule) for rule in prop["Rules"]]}).encode()


def _ownership(prop: dict) -> bytes:
    return xml("OwnershipControls", {"Rule": prop["Rules"]}).encode()


def _lock(prop: dict) -> bytes:
    return xml("ObjectLockConfiguration", prop).encode()


def _tags(prop: list) -> bytes:
    return xml("Tagging", {"TagSet": {"Tag": [{"Key": tag["Key"], "Value": tag["Value"]} for tag in prop]}}).encode()


def _enable_lock(name: str, _body) -> None:
    # Object Lock needs versioning, and AWS switches both on at creation.
    s3._bucket_versioning[name] = "Enabled"
    s3._bucket_object_lock.setdefault(name, {"enabled": True, "default_retention": None})


def _checked(call):
    """The engine's API call, failing the deployment where the API would answer an error."""

    def put(name: str, body: bytes) -> None:
        reply = call(name, body)
        if reply and reply[0] >= 300:
            raise ValueError(reply[2])

    return put


def _keep(_name: str) -> None:
    """Object Lock can't be taken off a bucket."""


# Property, its API document, the call that stores it, the call for when an update drops it.
BRIDGED = (
    ("BucketEncryption", _encryption, _checked(s3._put_bucket_encryption), s3._delete_bucket_encryption),
    ("OwnershipControls", _ownership, _checked(s3._put_bucket_ownership_controls), s3._delete_bucket_ownership_controls),
    ("LifecycleConfiguration", _lifecycle, _checked(s3._put_bucket_lifecycle), s3._delete_bucket_lifecycle),
    ("Tags", _tags, _checked(s3._put_bucket_tagging), s3._delete_bucket_tagging),
    ("ObjectLockEnabled", lambda _prop: b"", _enable_lock, _keep),
    ("ObjectLockConfiguration", _lock, _checked(s3._put_object_lock_configuration), _keep),
)
provisioners._S3_BUCKET_CONFIGURATIONS = (*existing(provisioners, "_S3_BUCKET_CONFIGURATIONS"), *BRIDGED)
