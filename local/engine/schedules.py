"""EventBridge Scheduler: time zones, and context attributes such as `<aws.scheduler.scheduled-time>` in an input."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.eventbridge as eventbridge
import ministack.services.scheduler as scheduler

from .seams import around, existing, rewrite

# The engine looks every ten seconds; tests and the demo would mostly wait.
existing(scheduler, "_SCHEDULE_TICK_INTERVAL")
scheduler._SCHEDULE_TICK_INTERVAL = 1


# Properties of AWS::Scheduler::Schedule that the engine's deployment leaves out and its scheduler honours.
_KEPT = ("ScheduleExpressionTimezone", "StartDate", "EndDate")
rewrite(
    provisioners,
    "_scheduler_schedule_create",
    {
        '"Description": props.get("Description", ""),': '"Description": props.get("Description", ""),\n'
        "        **{name: props[name] for name in _bridge_kept if name in props},",
    },
    _bridge_kept=_KEPT,
)
rewrite(provisioners, "_scheduler_schedule_update", {'"State", "Description")': '"State", "Description", *_bridge_kept)'})
# The engine's table still holds the functions from before.
existing(provisioners, "_RESOURCE_HANDLERS")["AWS::Scheduler::Schedule"].update(
    create=provisioners._scheduler_schedule_create, update=provisioners._scheduler_schedule_update
)


def zone_of(schedule: dict) -> ZoneInfo:
    return ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")


def at_epoch(expression: str, schedule: dict) -> float | None:
    """The moment that `at(...)` names on the clocks of the schedule's time zone."""
    epoch = scheduler._at_time_epoch(expression)
    if epoch is None:
        return None
    return datetime.fromtimestamp(epoch, tz=timezone.utc).replace(tzinfo=zone_of(schedule)).timestamp()


rewrite(
    scheduler,
    "_tick_schedules",
    {
        "at_epoch = _at_time_epoch(expr)": "at_epoch = _bridge_at_epoch(expr, sched)",
        "fromtimestamp(_schedule_last_fired[state_key], tz=timezone.utc)": "fromtimestamp("
        "_schedule_last_fired[state_key], tz=_bridge_zone_of(sched))",
    },
    _bridge_at_epoch=at_epoch,
    _bridge_zone_of=zone_of,
)


def _scheduled_time(schedule: dict, fired: float) -> datetime:
    """The nominal time of an invocation: the engine looks once in a while, so it fires a little late."""
    expression = schedule.get("ScheduleExpression", "")
    at = at_epoch(expression, schedule)
    moment = datetime.fromtimestamp(fired if at is None else at, tz=timezone.utc)
    return moment.replace(second=0) if expression.strip().startswith("cron") else moment


@around(eventbridge, "_invoke_target")
def invoke_target(inner, target, event, rule, view=None):
    if event.get("Source") == "aws.scheduler" and "<aws.scheduler." in (target.get("Input") or ""):
        attributes = {
            "scheduled-time": _scheduled_time(rule, event["Time"]).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "execution-id": event["EventId"],
            "schedule-arn": rule.get("Arn", ""),
            "attempt-number": "1",
        }
        text = target["Input"]
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        target = {**target, "Input": text}
    return inner(target, event, rule, view)
