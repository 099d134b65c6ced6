import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { RuntimeFunction } from '../../private/runtime-function';
import { START_INPUT, step } from './step';

/** A state that can fail. */
interface Catching {
  addCatch(handler: sfn.IChainable, props?: sfn.CatchProps): unknown;
}

/** Where every failure of a workflow ends: the job is recorded as failed, then the execution fails with the job's error. */
export class FailurePath {
  private readonly record: sfn.State;

  constructor(scope: Construct, fn: RuntimeFunction, start: Record<string, unknown> = START_INPUT) {
    const record = step(scope, 'Record failure', fn, {
      comment: 'Ends the record of the job, frees its lock, and passes on the name and cause of the error',
      payload: {
        ...start,
        error: sfn.JsonPath.objectAt('$'),
        failedAt: sfn.JsonPath.stringAt('$$.State.EnteredTime'),
      },
    });
    record.next(
      new sfn.Fail(scope, 'Failed', {
        comment: 'The job failed, and its record shows the error',
        errorPath: '$.error',
        causePath: '$.cause',
      }),
    );
    record.addCatch(
      new sfn.Fail(scope, 'Failed without record', {
        comment: 'The job failed, and its record could not be written',
        errorPath: '$.Error',
        causePath: '$.Cause',
      }),
      { errors: [sfn.Errors.ALL], resultPath: '$.recordFailure' },
    );
    this.record = record;
  }

  /**
   * The error replaces the state, because an input that is not an object could not hold it. The failure is recorded from
   * the execution's input.
   */
  catch(...states: readonly Catching[]): void {
    for (const state of states) {
      state.addCatch(this.record, { errors: [sfn.Errors.ALL], resultPath: '$' });
    }
  }
}
