"""Error names of Lambda functions: the engine calls every failure Runtime.HandlerError.

Step Functions matches Retry and Catch by the error's name, so a workflow couldn't be tested without it.
"""

import contextvars

import ministack.core.lambda_runtime as runtime
import ministack.services.lambda_svc as lambda_svc

from .seams import around, edited, existing

_last_result = contextvars.ContextVar("lambda_result", default=None)


def _named(variable: str) -> str:
    return f"kind: ({variable} instanceof Error ? {variable}.name : typeof {variable}), "


# The two places where the Node bootstrap reports a failed handler: a rejected promise and a synchronous throw.
_ASYNC = 'status: "error", error: String(err.message || err), trace:'
_SYNC = 'status: "error", error: e.message, trace:'
runtime._NODEJS_WORKER_SCRIPT = edited(
    existing(runtime, "_NODEJS_WORKER_SCRIPT"),
    "the Node bootstrap",
    {
        _ASYNC: _ASYNC.replace("error: String", _named("err") + "error: String"),
        _SYNC: _SYNC.replace("error: e", _named("e") + "error: e"),
    },
)
# What the engine says when a worker's output ends in the middle of an invocation.
_DIED = "Worker process died"
_invoke = existing(runtime.Worker, "invoke")


def _remembering_invoke(self, *args, **kw):
    result = _invoke(self, *args, **kw)
    _last_result.set(result)
    return result


runtime.Worker.invoke = _remembering_invoke


@around(lambda_svc, "_execute_function_warm")
def execute(inner, *args, **kw):
    _last_result.set(None)
    reply = inner(*args, **kw)
    result = _last_result.get() or {}
    if not reply.get("error") or not isinstance(reply.get("body"), dict):
        return reply
    message = reply["body"].get("errorMessage", "")
    if message == _DIED:
        reply["body"] = {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error"}
    elif result.get("kind"):
        trace = (result.get("trace") or "").split("\n")
        # The order of fields is AWS's: people read the cause as text.
        reply["body"] = {"errorType": result["kind"], "errorMessage": message, "trace": trace}
    return reply
