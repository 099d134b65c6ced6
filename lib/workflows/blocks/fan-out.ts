import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { ScratchPrefix } from '../../../lambda/contract/layout';
import type { RuntimeFunction } from '../../private/runtime-function';
import type { FailurePath } from './failure-path';
import { step } from './step';

/** Without it the CDK leaves `resultWriterV2` out without a word (aws-cdk feature flag). */
export const RESULT_WRITER_FLAG = '@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2';

export interface FanOutProps {
  readonly comment: string;
  readonly worker: RuntimeFunction;
  readonly scratchBucket: s3.IBucket;
  readonly maxConcurrency: number;
  /** Whether the step before says how many workers run at a time: it knows the limit too. @default false */
  readonly concurrencyFromInput?: boolean;
  readonly failure: FailurePath;
  /** Whether a turn must be over before it is tried again. @default false */
  readonly oneAtATime?: boolean;
}

/**
 * The one block that all workflows are made of. Its input is `FanOutInput` of the contract: units of work, listed in the
 * scratch bucket. A worker does one turn at a unit and says whether there is more; the state carries the turn's number,
 * so that no unit outlives a Lambda. What the workers found out is in the scratch bucket, and the input goes on as it came.
 *
 * - no unit: nothing is started;
 * - one unit: it is worked on in place, with no map: a small job costs next to nothing;
 * - more: a Distributed Map, one child execution a unit. A redrive of an execution that was stopped restarts only the children that failed.
 */
export class FanOut implements sfn.IChainable {
  readonly startState: sfn.State;
  readonly endStates: sfn.INextable[];

  constructor(
    scope: Construct,
    readonly id: string,
    props: FanOutProps,
  ) {
    const single = new WorkLoop(scope, `${id} in place`, props);
    const map = distributedMap(scope, id, props);
    props.failure.catch(single.task, map);
    const units = new sfn.Choice(scope, `${id}: how many?`, { comment: props.comment });
    units.when(sfn.Condition.numberEquals('$.units.count', 1), single.task);
    units.when(sfn.Condition.numberGreaterThan('$.units.count', 1), map);
    this.startState = units;
    this.endStates = [
      {
        next: (state) => {
          units.otherwise(state);
          single.done(state);
          map.next(state);
          return sfn.Chain.sequence(this, state);
        },
      },
    ];
  }
}

/** Work → more? → Work. */
class WorkLoop {
  readonly task: LambdaInvoke;
  private readonly more: sfn.Choice;

  constructor(scope: Construct, name: string, props: FanOutProps) {
    this.task = step(scope, name, props.worker, {
      comment: props.comment,
      payload: {
        job: sfn.JsonPath.objectAt('$.job'),
        unit: sfn.JsonPath.objectAt('$.unit'),
        turn: sfn.JsonPath.numberAt('$.work.turn'),
      },
      resultPath: '$.work',
      oneAtATime: props.oneAtATime,
    });
    this.more = new sfn.Choice(scope, `${name}: more?`);
    this.task.next(this.more.when(sfn.Condition.booleanEquals('$.work.more', true), this.task));
  }

  done(next: sfn.IChainable): void {
    this.more.otherwise(next);
  }
}

function distributedMap(scope: Construct, id: string, props: FanOutProps): sfn.DistributedMap {
  const child = new WorkLoop(scope, `${id} unit`, props);
  // The output of a child is kept by the map: it says no more than how many turns it took.
  child.done(new sfn.Succeed(scope, `${id} unit done`, { outputPath: '$.work' }));
  const map = new sfn.DistributedMap(scope, `${id} in parallel`, {
    comment: props.comment,
    label: id,
    mapExecutionType: sfn.StateMachineType.STANDARD,
    ...(props.concurrencyFromInput
      ? { maxConcurrencyPath: '$.units.concurrency' }
      : { maxConcurrency: props.maxConcurrency }),
    itemReader: new sfn.S3JsonLItemReader({
      bucket: props.scratchBucket,
      key: sfn.JsonPath.stringAt('$.units.key'),
    }),
    itemSelector: {
      job: sfn.JsonPath.objectAt('$.job'),
      unit: sfn.JsonPath.objectAt('$$.Map.Item.Value'),
      work: { turn: 0 },
    },
    // Without a writer the outputs of all children have to fit 256 KiB together.
    resultWriterV2: new sfn.ResultWriterV2({
      bucket: props.scratchBucket,
      prefix: ScratchPrefix.mapResults.slice(0, -1),
    }),
    resultPath: sfn.JsonPath.DISCARD,
  });
  return map.itemProcessor(child.task);
}
