import { AwsMarkerRemoval } from '../../adapters/aws/s3/aws-marker-removal';
import type { MarkerPorts } from '../../usecases/restore/remove-markers';
import { restorePorts, type Invocation } from './compose';

let markers: AwsMarkerRemoval | undefined;

/** The ports of the one function that can remove delete markers: no other bundle has what does it. */
export function markerPorts(context: Invocation): MarkerPorts {
  const { scratch, destination, deadline, settings, deployment } = restorePorts(context);
  markers ??= new AwsMarkerRemoval({ accountId: deployment.accountId });
  return { scratch, destination, markers, deadline, settings };
}
