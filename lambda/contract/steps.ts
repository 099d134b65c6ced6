/**
 * What travels between the steps of a state machine. Everything here is small JSON: anything that grows with the bucket
 * is in the scratch bucket, and the state refers to it.
 */

/** The execution that a step belongs to, from the Step Functions context object. */
export interface ExecutionContext {
  readonly arn: string;
  readonly name: string;
  readonly startTime: string;
}

/** First step of a workflow: the execution's own input, not yet validated. */
export interface StartInput {
  readonly input: unknown;
  readonly execution: ExecutionContext;
  /** Which of the workflows with these steps it is. @default backup */
  readonly workflow?: 'backup' | 'upkeep';
}

/** Units of a fan-out. With one unit the state machine runs it in place, with more it starts a Distributed Map. */
export interface Units {
  readonly count: number;
  /** JSON lines in the scratch bucket, one unit a line; the ItemReader of the map reads it. */
  readonly key: string;
  /** Workers that run at a time, from 1 on: of a fan-out that takes it from its input. */
  readonly concurrency?: number;
}

/** Input of the step that cuts a backup into ranges. */
export interface PartitionInput<Job> {
  readonly job: Job;
  /** The fan-out after it takes its concurrency from its input. Absent in executions that began under an earlier release. */
  readonly choosesConcurrency?: true;
}

/** Input of a worker: one turn at one unit. */
export interface WorkInput<Job, Unit> {
  readonly job: Job;
  readonly unit: Unit;
  readonly turn: number;
}

/** Answer of a worker. The result itself is a put-if-absent file in the scratch bucket. */
export interface WorkOutput {
  readonly more: boolean;
  readonly turn: number;
}

/** What a step hands to the fan-out after it. `unit` is there when `units.count` is 1, and empty otherwise. */
export interface FanOutInput<Job, Unit> {
  readonly job: Job;
  readonly units: Units;
  readonly unit: Unit | Record<string, never>;
  readonly work: { readonly turn: number };
}

/** Answer of Prepare when the bucket is busy: the state machine waits and asks again. */
export interface WaitAnswer {
  readonly wait: number;
}

/** A step's failure as Step Functions hands it to a Catch. */
export interface CaughtError {
  readonly Error: string;
  readonly Cause?: string;
}

/** Input and output of the step that records a failure; the Fail state shows the output. */
export interface FailureInput extends StartInput {
  readonly error: CaughtError;
  /** When the state that records the failure was entered (`$$.State.EnteredTime`). */
  readonly failedAt: string;
}
export interface FailureOutput {
  readonly error: string;
  readonly cause: string;
}

/** How an execution ended: detail of the event `Step Functions Execution Status Change`. Times are epoch milliseconds. */
export interface ExecutionEnded {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: 'ABORTED' | 'TIMED_OUT' | 'FAILED';
  readonly startDate: number;
  readonly stopDate: number;
  /** The execution's input, as JSON; `null` when it is too long for an event. */
  readonly input: string | null;
  readonly error?: string | null;
  readonly cause?: string | null;
}

/** Set by a schedule; an execution without it was started by a person. Times are ISO 8601 in UTC. */
export interface Scheduled {
  readonly plan: string;
  readonly rule: string;
  readonly scheduledTime: string;
  readonly startBy: string;
  readonly completeBy: string;
  /** The job's stable delay, so that many buckets do not start in the same second. */
  readonly notBefore?: string;
}

/** Longest window of continuous backup, five years: each change of that time is kept, whatever was deleted since. */
export const MAX_CONTINUOUS_DAYS = 1_826;

/** Payload that a schedule gives to the start-jobs function. */
export interface StartJobsInput {
  readonly plan: string;
  readonly rule: string;
  /** `<aws.scheduler.scheduled-time>`, filled in by EventBridge Scheduler. */
  readonly scheduledTime: string;
  readonly startWindowMinutes: number;
  readonly completionWindowMinutes: number;
  readonly buckets: readonly string[];
  /** Buckets that have one of these tags when the schedule fires are backed up as well. */
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
  /** A continuous rule: starts Upkeep executions in the place of backups, and has the events of buckets found by tag captured. */
  readonly continuous?: {
    readonly deleteAfterDays: number;
    /** Those of the buckets that the template's capture rules could not name: their rules are made at run time as well. */
    readonly unnamed?: readonly string[];
  };
  /** Fields of the Backup execution's input that the rule sets. */
  readonly request: {
    readonly source?: string;
    readonly maxSourceAgeMinutes?: number;
    readonly versions?: string;
    readonly metadata?: string;
    readonly deleteAfterDays?: number;
    readonly recoveryPointTags?: Readonly<Record<string, string>>;
  };
}
