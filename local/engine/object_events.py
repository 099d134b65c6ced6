"""S3 events on EventBridge in AWS's form: version ids, events for tags and ACLs, no fields that AWS doesn't send."""

import contextvars
import json
import threading

import ministack.services.eventbridge as eventbridge
import ministack.services.s3 as s3

from .seams import around, rewrite

SUBRESOURCE_EVENTS = {
    "s3:ObjectTagging:Put": "Object Tags Added",
    "s3:ObjectTagging:Delete": "Object Tags Deleted",
    "s3:ObjectAcl:Put": "Object ACL Updated",
}
# Deletions have no size; tag and ACL events have no place in the order of writes either.
_UNSENT = {"Object Deleted": ("size",), **dict.fromkeys(SUBRESOURCE_EVENTS.values(), ("size", "sequencer"))}
_version = contextvars.ContextVar("s3_event_version", default=None)

# A delete marker over nothing is a write like any other and has its event.
rewrite(
    s3,
    "_delete_object",
    {'existed = key in bucket["objects"]\n        bucket["objects"].pop': 'existed = True\n        bucket["objects"].pop'},
)
rewrite(
    s3,
    "_delete_objects",
    {'existed = k in bucket["objects"]\n            marker_id': "existed = True\n            marker_id"},
)


@around(s3, "_fire_s3_event")
def fire(inner, bucket, key, event_name, *args, version_id=None, **kw):
    token = _version.set(version_id)
    try:
        return inner(bucket, key, event_name, *args, version_id=version_id, **kw)
    finally:
        _version.reset(token)


@around(s3, "_s3_event_to_eventbridge")
def detail_type(inner, event_name):
    return (SUBRESOURCE_EVENTS[event_name], None) if event_name in SUBRESOURCE_EVENTS else inner(event_name)


@around(eventbridge, "_dispatch_event")
def dispatch(inner, event, *args, **kw):
    kind = event.get("DetailType", "")
    if event.get("Source") != "aws.s3" or not kind.startswith("Object "):
        return inner(event, *args, **kw)
    detail = json.loads(event["Detail"])
    described = {name: value for name, value in detail["object"].items() if name not in _UNSENT.get(kind, ())}
    if _version.get() and _version.get() != "null":
        described["version-id"] = _version.get()
    if kind == "Object Deleted" and not described.get("etag"):
        described.pop("etag", None)
    detail["object"] = described
    when = event["Time"].replace(".000Z", "Z")
    return inner({**event, "Time": when, "Detail": json.dumps(detail, ensure_ascii=False)}, *args, **kw)


def _etag(bucket: str, key: str, version: str | None) -> str:
    for entry in s3._object_versions.get((bucket, key)) or []:
        if entry["version_id"] == version:
            return entry.get("etag", "")
    return (s3._buckets[bucket]["objects"].get(key) or {}).get("etag", "")


def _announce(handler: str, event_name: str) -> None:
    """Send an event after each successful call of a handler that changes tags or an ACL."""

    @around(s3, handler)
    def handled(inner, bucket, key, *args, **kw):
        reply = inner(bucket, key, *args, **kw)
        if reply[0] in (200, 204) and "EventBridgeConfiguration" in (s3._bucket_notifications.get(bucket) or ""):
            query = kw.get("query_params") or args[-1]
            version = s3._resolve_subresource_version(query, s3._buckets[bucket], key)
            facts = {"etag": _etag(bucket, key, version), "version_id": version}
            # The request's account and region travel in context variables, which a thread doesn't inherit.
            run = contextvars.copy_context().run
            threading.Thread(target=run, args=(s3._fire_s3_event, bucket, key, event_name), kwargs=facts, daemon=True).start()
        return reply


_announce("_put_object_tagging", "s3:ObjectTagging:Put")
_announce("_delete_object_tagging", "s3:ObjectTagging:Delete")
_announce("_put_object_acl", "s3:ObjectAcl:Put")
