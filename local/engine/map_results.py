"""ResultWriter of a Distributed Map: the engine writes nothing and hands all results on as the state's output.

On AWS the output is the map run's ARN and the place of a manifest; a workflow that relies on either shape must see it.
"""

import json
import uuid

import ministack.services.s3 as s3
import ministack.services.stepfunctions as stepfunctions

from .seams import around


def _entry(child: dict) -> dict:
    fields = {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "RedriveCount": 0,
        "StartDate": child["startDate"],
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": child["stopDate"],
    }
    if child["status"] == "SUCCEEDED":
        return {**fields, "Output": child["output"], "OutputDetails": {"Included": True}}
    return {**fields, "Error": child.get("error"), "Cause": child.get("cause")}


def _put(bucket: str, key: str, value) -> dict:
    body = json.dumps(value).encode()
    status, _, answer = s3._put_object(bucket, key, body, {"content-type": "application/json"})
    if status != 200:
        raise stepfunctions._ExecutionError("States.ResultWriterFailed", answer.decode())
    return {"Key": key, "Size": len(body)}


def _write(run: dict, bucket: str, prefix: str) -> dict:
    children = [c for c in stepfunctions._executions.values() if c.get("mapRunArn") == run["mapRunArn"]]
    folder = f"{prefix.rstrip('/')}/{uuid.uuid4()}".lstrip("/")
    files = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status in ("FAILED", "SUCCEEDED"):
        entries = [_entry(child) for child in children if child["status"] == status]
        if entries:
            files[status].append(_put(bucket, f"{folder}/{status}_0.json", entries))
    manifest = {"DestinationBucket": bucket, "MapRunArn": run["mapRunArn"], "ResultFiles": files}
    _put(bucket, f"{folder}/manifest.json", manifest)
    return {"Bucket": bucket, "Key": f"{folder}/manifest.json"}


@around(stepfunctions, "_run_distributed_map")
def run_distributed_map(inner, state, raw_input, effective, iterator, execution, ctx):
    writer = state.get("ResultWriter")
    if not writer or not writer.get("Parameters"):
        return inner(state, raw_input, effective, iterator, execution, ctx)
    place = stepfunctions._resolve_params_obj(writer["Parameters"], effective, ctx)
    before = set(stepfunctions._map_runs)
    raw = {k: v for k, v in state.items() if k not in ("ResultSelector", "ResultPath", "OutputPath", "ResultWriter")}
    _, following = inner(raw, raw_input, effective, iterator, execution, ctx)
    run = next(
        r
        for arn, r in stepfunctions._map_runs.items()
        if arn not in before and r["executionArn"] == execution["executionArn"]
    )
    result = {
        "MapRunArn": run["mapRunArn"],
        "ResultWriterDetails": _write(run, place["Bucket"], place.get("Prefix", "")),
    }
    result = stepfunctions._apply_result_selector(state, result)
    output = stepfunctions._apply_result_path(state, raw_input, result)
    return stepfunctions._apply_output_path(state, output, ctx), following
