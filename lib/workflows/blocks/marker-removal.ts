import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { FanOut, type FanOutProps } from './fan-out';

/**
 * Removes delete markers before the ranges are restored, if the job is one that asks for it: over the same units, so that what is left
 * is for the ranges to do.
 */
export function markerRemoval(
  scope: Construct,
  props: Omit<FanOutProps, 'comment' | 'oneAtATime'>,
  restoreRanges: sfn.IChainable,
): sfn.IChainable {
  const comment = 'Removes delete markers, where nothing else hides the version to be restored';
  // A call that goes on after its successor would look at keys that are restored meanwhile.
  const remove = new FanOut(scope, 'RemoveMarkers', { ...props, comment, oneAtATime: true });
  const again = new sfn.Pass(scope, 'From the first turn', {
    comment: 'Starts the same units from their beginning',
    result: sfn.Result.fromObject({ turn: 0 }),
    resultPath: '$.work',
  });
  const asked = sfn.Condition.and(
    sfn.Condition.isPresent('$.job.removeMarkers'),
    sfn.Condition.booleanEquals('$.job.removeMarkers', true),
  );
  const choice = new sfn.Choice(scope, 'Remove markers?').when(asked, remove);
  sfn.Chain.start(remove).next(again).next(restoreRanges);
  choice.otherwise(restoreRanges);
  return sfn.Chain.custom(choice, restoreRanges.endStates, choice);
}
