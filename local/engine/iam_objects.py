"""
IAM on objects with odd keys: slashes that begin, end or repeat, and line breaks, which a `*` in a policy matches too. IAM on queues that a request
names by their ARN: sqs:ListMessageMoveTasks is a right on the dead-letter queue (Service Authorization Reference, Amazon SQS).
"""

import re

import ministack.core.iam_actions as iam_actions
import ministack.core.iam_evaluator as iam_evaluator

from .seams import rewrite

# The engine splits a path at every slash and drops what is empty, and with it slashes that belong to the key.
_SPLIT = 'parts = [p for p in path.split("/") if p]'
_BRIDGED = "parts = _bridge_bucket_and_key(path)"


def bucket_and_key(path: str) -> list[str]:
    bucket, _, key = path.removeprefix("/").partition("/")
    return [part for part in (bucket, key) if part]


_QUEUE = 'queue_url = _param(body, query_params, "QueueUrl")'
_OF_QUEUES = {_QUEUE: f'if source := _param(body, query_params, "SourceArn"):\n            return source\n        {_QUEUE}'}

for name, before, after, more in (
    ("_s3_action", "", "", {}),
    ("s3_additional_checks", "", "", {}),
    (
        "extract_resource_arn",
        'if service == "s3":\n        ',
        '\n        if not parts:\n            return "*"  # ListBuckets',
        _OF_QUEUES,
    ),
):
    edits = {before + _SPLIT + after: before + _BRIDGED + after, **more}
    rewrite(iam_actions, name, edits, _bridge_bucket_and_key=bucket_and_key)

rewrite(
    iam_evaluator,
    "_fnmatch_compile",
    {'re.compile(f"^{regex}$", re.IGNORECASE if ignore_case else 0)': "_bridge_pattern(regex, ignore_case)"},
    _bridge_pattern=lambda regex, ignore_case: re.compile(
        rf"^{regex}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    ),
)
