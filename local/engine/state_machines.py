"""Step Functions: children of a Distributed Map, readers, repeated starts, and what a stopped execution may still do."""

import json

import ministack.services.stepfunctions as stepfunctions

from .seams import around

_STOPPED = "the execution was stopped"
# Fields of a Map state whose value may come from its input instead.
_FROM_INPUT = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")


@around(stepfunctions, "_parse_reader_items")
def parse_reader_items(inner, text, config):
    # Lines end at line feeds only: other Unicode line separators stand unescaped in JSON strings.
    if config.get("InputType") == "JSONL":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    return inner(text, config)


def _abort_map_runs(execution: dict) -> None:
    """What a stopped execution leaves behind: its map runs and their unfinished children are ABORTED too."""
    for arn, run in stepfunctions._map_runs.items():
        if run["executionArn"] != execution["executionArn"] or run["stopDate"] < execution["stopDate"]:
            continue
        run["status"] = "ABORTED"
        for child in stepfunctions._executions.values():
            if child.get("mapRunArn") == arn and child.get("cause") == _STOPPED:
                child["status"] = "ABORTED"


@around(stepfunctions, "_run_distributed_map")
def run_distributed_map(inner, state, raw_input, effective, iterator, execution, ctx):
    resolved = {
        name: stepfunctions._resolve_path_or_ctx(state[f"{name}Path"], effective, ctx)
        for name in _FROM_INPUT
        if f"{name}Path" in state
    }
    try:
        return inner({**state, **resolved}, raw_input, effective, iterator, execution, ctx)
    finally:
        if execution["status"] != "RUNNING":
            _abort_map_runs(execution)


@around(stepfunctions, "_run_sub_machine")
def run_sub_machine(inner, states, start_at, input_data, execution, ctx):
    # A child of a map run is an execution of its own; the engine shows it the context of its parent.
    if execution.get("mapRunArn") and (ctx.get("Execution") or {}).get("Id") != execution["executionArn"]:
        ctx["Execution"] = {
            "Id": execution["executionArn"],
            "Input": input_data,
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        }
    return inner(states, start_at, input_data, execution, ctx)


def _root(execution: dict) -> dict:
    """The execution that a StopExecution of the user names: the parent of a map run's children."""
    run = stepfunctions._map_runs.get(execution.get("mapRunArn") or "")
    return stepfunctions._executions.get(run["executionArn"]) or execution if run else execution


@around(stepfunctions, "_execute_task")
def execute_task(inner, state, raw_input, execution, ctx):
    if _root(execution)["status"] not in ("RUNNING", "SUCCEEDED"):
        raise stepfunctions._ExecutionError("States.Runtime", _STOPPED)
    return inner(state, raw_input, execution, ctx)


@around(stepfunctions, "_fail_execution")
def fail_execution(inner, execution, error, cause):
    # A stopped execution stays ABORTED, whatever its running task does afterwards.
    if execution["status"] == "RUNNING":
        inner(execution, error, cause)


@around(stepfunctions, "_start_execution")
def start_execution(inner, data):
    """Starting a running execution again under the same name and with the same input answers the running one."""
    machine = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    if machine and data.get("name"):
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{data['name']}"
        running = stepfunctions._executions.get(arn)
        if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
            return stepfunctions.json_response({"executionArn": arn, "startDate": running["startDate"]})
    return inner(data)
