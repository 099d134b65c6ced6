import type { Command } from 'commander';
import { ErrorName } from '../../lambda/contract/errors';
import { itemProblems } from '../../lambda/core/keys/problems';
import { pointInTimeProblem, recoveryPointProblem } from '../../lambda/core/restore/contradictions';
import { bucketNameProblem } from '../../lambda/core/values/bucket-name';
import { fromIso } from '../../lambda/core/values/instant';
import type { PointRequest } from '../../lambda/usecases/restore/point/point';
import { CliError, Exit } from '../output/errors';
import { inOptions } from './options';
import { recoveryPointOf, utc } from './restore';

/** A state of a bucket: what findRestorePoint takes. */
export type StateRequest = PointRequest;

export interface StateOptions {
  readonly recoveryPoint?: string;
  readonly at?: string;
}

export const withStateOptions = (command: Command): Command =>
  command
    .option('--recovery-point <id>', 'recovery point, by ID or number (default: the latest)')
    .option(
      '--at <instant>',
      'any second of continuous backup: 2026-11-22T10:15:00Z, or with an offset such as +02:00',
    );

/** Collects what is wrong with a command line, so that all of it is said at once. */
export class Problems {
  private readonly problems: string[] = [];

  add(...problems: readonly string[]): void {
    this.problems.push(...problems);
  }

  bucket(name: string): void {
    this.add(...bucketNameProblem('the bucket', name));
  }

  /** A key or a prefix. */
  item(option: string, text: string): void {
    this.add(...itemProblems(text).map((problem) => `${option}: ${JSON.stringify(text)} ${problem}`));
  }

  /** Throws when there are any, before anything is read. */
  check(): void {
    if (this.problems.length > 0) throw new CliError(ErrorName.invalidRequest, this.problems.join('; '), Exit.usage);
  }

  state(sourceBucket: string, { recoveryPoint, at }: StateOptions): StateRequest {
    if (recoveryPoint !== undefined && at !== undefined)
      this.add('--at: cannot be combined with --recovery-point; remove one of them');
    const recoveryPointId = recoveryPointOf(sourceBucket, recoveryPoint);
    const pointInTime = utc(at);
    const fields = { recoveryPointId: '--recovery-point', pointInTime: '--at', sourceBucket: 'the bucket' };
    const wrong = [...recoveryPointProblem({ recoveryPointId, sourceBucket }), ...pointInTimeProblem({ pointInTime })];
    this.add(...wrong.map((problem) => inOptions(fields, problem)));
    return requestOf(sourceBucket, recoveryPointId, pointInTime);
  }

  /** An instant, or a recovery point in one of its forms. */
  instantOrPoint(option: string, sourceBucket: string, text: string): StateRequest {
    const isInstant = /^\d{4}-/.test(text);
    const pointInTime = isInstant ? utc(text) : undefined;
    const recoveryPointId = isInstant ? undefined : recoveryPointOf(sourceBucket, text);
    const isPoint = recoveryPointId === 'latest' || recoveryPointId?.includes('/');
    if (!isInstant && !isPoint)
      this.add(
        `${option}: must be an instant such as 2026-11-22T10:15:00Z, the number or ID of a recovery point, or "latest", got ${JSON.stringify(text)}`,
      );
    else {
      const fields = { recoveryPointId: option, pointInTime: option, sourceBucket: 'the bucket' };
      const wrong = [
        ...recoveryPointProblem({ recoveryPointId, sourceBucket }),
        ...pointInTimeProblem({ pointInTime }),
      ];
      this.add(...wrong.map((problem) => inOptions(fields, problem)));
    }
    return requestOf(sourceBucket, recoveryPointId, pointInTime);
  }
}

const requestOf = (sourceBucket: string, recoveryPointId = 'latest', pointInTime?: string): StateRequest => ({
  sourceBucket,
  seq: recoveryPointId === 'latest' ? undefined : Number(recoveryPointId.split('/')[1]),
  pointInTime: pointInTime === undefined ? undefined : fromIso(pointInTime),
});
