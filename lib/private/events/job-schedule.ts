import { Duration, Lazy, Stack, TimeZone } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { StartJobsInput } from '../../../lambda/contract/steps';
import type { BackupPlanRule } from '../../backup-plan-rule';
import type { BackupTag } from '../../backup-resource';
import { DEFAULT_COMPLETION_WINDOW, DEFAULT_START_WINDOW } from '../props/windows';
import type { StartJobs } from './start-jobs';

/** What EventBridge Scheduler may do for the schedules of a plan: call one function, and report what it could not. */
export class ScheduleRole extends Construct {
  readonly role: iam.Role;

  constructor(
    scope: Construct,
    id: string,
    readonly startJobs: StartJobs,
  ) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [startJobs.function.function.functionArn],
      }),
    );
    this.role.addToPolicy(
      new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [startJobs.deadLetterQueue.queueArn] }),
    );
  }
}

export interface JobScheduleProps {
  readonly planName: string;
  readonly ruleName: string;
  readonly rule: BackupPlanRule;
  readonly role: ScheduleRole;
  /** Names of the buckets; asked when the app is synthesized, so that selections may come after rules. */
  readonly buckets: () => string[];
  /** Tags whose buckets are looked for when the schedule fires. */
  readonly tags: () => BackupTag[];
  /** Those of the buckets that the vault's capture rules cannot name. */
  readonly unnamed: () => string[];
}

/** The schedule of one rule. It fires at its minute: a flexible window would fire at a random time inside it. */
export class JobSchedule extends Construct {
  constructor(scope: Construct, id: string, props: JobScheduleProps) {
    super(scope, id);
    const { rule, role } = props;
    const startWindow = rule.props.startWindow ?? DEFAULT_START_WINDOW;
    const { function: fn, deadLetterQueue } = role.startJobs;
    // The target classes of the CDK make a role a target in the stack, outside of the plan, and grant versions as well.
    const target: scheduler.IScheduleTarget = {
      bind: () => ({
        arn: fn.function.functionArn,
        role: role.role,
        input: new StartJobsTargetInput(() => payload(props, startWindow)),
        deadLetterConfig: { arn: deadLetterQueue.queueArn },
        retryPolicy: {
          maximumEventAgeInSeconds: retrySeconds(startWindow),
          maximumRetryAttempts: 185,
        },
      }),
    };
    new scheduler.Schedule(this, 'Resource', {
      description: `Starts the jobs of the rule ${props.ruleName} of the backup plan ${props.planName}`,
      schedule: scheduler.ScheduleExpression.expression(
        rule._isContinuous ? hourlyAt(this) : rule.props.scheduleExpression.expressionString,
        rule.props.scheduleExpressionTimezone ?? TimeZone.ETC_UTC,
      ),
      timeWindow: scheduler.TimeWindow.off(),
      target,
    });
  }
}

/** Plans of an account commit at different minutes of the hour; one plan always at the same. */
function hourlyAt({ node }: Construct): string {
  const minute = parseInt(node.addr.slice(-8), 16) % 60;
  return events.Schedule.cron({ minute: String(minute) }).expressionString;
}

/** A call is tried again until the start window is over (24 hours at most, Scheduler's limit): later it starts nothing. */
function retrySeconds(startWindow: Duration): number {
  const limit = Duration.days(1).toSeconds();
  return startWindow.isUnresolved() ? limit : Math.min(startWindow.toSeconds(), limit);
}

function payload(
  { planName, ruleName, rule, buckets, tags, unnamed }: JobScheduleProps,
  startWindow: Duration,
): StartJobsInput {
  const { props } = rule;
  return {
    plan: planName,
    rule: ruleName,
    scheduledTime: scheduler.ContextAttribute.scheduledTime,
    startWindowMinutes: startWindow.toMinutes(),
    completionWindowMinutes: (props.completionWindow ?? DEFAULT_COMPLETION_WINDOW).toMinutes(),
    buckets: buckets(),
    ...(tags().length > 0 && { tags: tags() }),
    ...(rule._isContinuous && {
      continuous: {
        deleteAfterDays: props.deleteAfter?.toDays() ?? 0,
        ...(unnamed().length > 0 && { unnamed: unnamed() }),
      },
    }),
    request: {
      ...(props.source !== undefined && { source: props.source }),
      ...(props.maxSourceAge !== undefined && { maxSourceAgeMinutes: props.maxSourceAge.toMinutes() }),
      ...(props.versions !== undefined && { versions: props.versions }),
      ...(props.metadata !== undefined && { metadata: props.metadata }),
      ...(props.deleteAfter !== undefined && { deleteAfterDays: props.deleteAfter.toDays() }),
      ...(props.recoveryPointTags !== undefined && { recoveryPointTags: props.recoveryPointTags }),
    },
  };
}

/** Input of the schedule's target, made as late as possible. */
class StartJobsTargetInput extends scheduler.ScheduleTargetInput {
  constructor(private readonly produce: () => StartJobsInput) {
    super();
  }

  override bind(schedule: scheduler.ISchedule): string {
    return Lazy.string({ produce: () => Stack.of(schedule).toJsonString(this.produce()) });
  }
}
