import { PowertoolsMetrics } from '../../lambda/adapters/aws/runtime/powertools-metrics';
import { MetricName } from '../../lambda/contract/metrics';
import type { Metrics } from '../../lambda/ports/runtime';

/** Lines that metrics write, as CloudWatch reads them. */
function linesOf(perBucket: boolean | undefined, put: (metrics: Metrics) => void): any[] {
  const written: string[] = [];
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    put(new PowertoolsMetrics({ vaultName: 'team-vault', perBucket }));
  } finally {
    spy.mockRestore();
  }
  return written.map((line) => JSON.parse(line));
}
const directives = ({ _aws }: any) => _aws.CloudWatchMetrics;

test('a metric of the vault has the vault for its only dimension', () => {
  const [line, ...others] = linesOf(undefined, (metrics) => metrics.put(MetricName.jobsFailed, 1));
  expect(others).toEqual([]);
  expect(line).toMatchObject({ Vault: 'team-vault', JobsFailed: 1 });
  expect(directives(line)).toEqual([
    { Namespace: 'cdk-s3-backup', Dimensions: [['Vault']], Metrics: [{ Name: 'JobsFailed', Unit: 'Count' }] },
  ]);
});

test('one of a bucket says which, and makes no metric more', () => {
  const [line] = linesOf(false, (metrics) => metrics.put(MetricName.captureLag, 2.5, 'photos'));
  expect(line).toMatchObject({ Vault: 'team-vault', Bucket: 'photos', CaptureLag: 2.5 });
  expect(directives(line)[0]).toMatchObject({
    Dimensions: [['Vault']],
    Metrics: [{ Name: 'CaptureLag', Unit: 'Seconds' }],
  });
});

test('where each bucket is to have its own, it is in both, in one line', () => {
  const [line, ...others] = linesOf(true, (metrics) => metrics.put(MetricName.versionsLost, 3, 'photos'));
  expect(others).toEqual([]);
  expect(line).toMatchObject({ Vault: 'team-vault', Bucket: 'photos', VersionsLost: 3 });
  expect(directives(line)[0].Dimensions).toEqual([['Vault'], ['Vault', 'Bucket']]);
});

test('what was said of one bucket is not said of the next', () => {
  const lines = linesOf(true, (metrics) => {
    metrics.put(MetricName.uncommittedAge, 10, 'photos');
    metrics.put(MetricName.uncommittedAge, 0, 'docs');
    metrics.put(MetricName.jobsCompleted, 1);
  });
  expect(lines.map(({ Bucket, UncommittedAge }) => [Bucket, UncommittedAge])).toEqual([
    ['photos', 10],
    ['docs', 0],
    [undefined, undefined],
  ]);
  expect(directives(lines[2])[0].Dimensions).toEqual([['Vault']]);
});
