import { CaptureMessage, captureChanges } from '../usecases/capture-changes';
import { capturePorts } from './private/compose';

export const handler = ({ Records }: { Records: readonly CaptureMessage[] }) => captureChanges(capturePorts(), Records);
