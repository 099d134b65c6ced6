import { CaptureMessage, captureChanges } from '../usecases/capture/changes';
import { capturePorts, type Invocation } from './private/compose';

export const handler = ({ Records }: { Records: readonly CaptureMessage[] }, context: Invocation) =>
  captureChanges(capturePorts(context), Records);
