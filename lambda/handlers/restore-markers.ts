import type { WorkInput } from '../contract/steps';
import type { RestoreJob, RestoreUnit } from '../core/restore/job';
import { removeMarkers } from '../usecases/restore/remove-markers';
import type { Invocation } from './private/compose';
import { markerPorts } from './private/marker-ports';

export const handler = (input: WorkInput<RestoreJob, RestoreUnit>, context: Invocation) =>
  removeMarkers(markerPorts(context), input);
