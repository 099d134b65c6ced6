import { perMillion } from '../support/prices';
import { count, table } from './console';

/** Operations by what S3 charges for them, in US dollars per million. */
const tiers: readonly {
  readonly title: string;
  readonly perMillion: number;
  readonly operations: readonly string[];
}[] = [
  {
    title: 'GET, HEAD',
    perMillion: perMillion['S3 GET'],
    operations: ['GetObject', 'HeadObject', 'GetObjectTagging', 'GetObjectAcl', 'HeadBucket'],
  },
  {
    title: 'PUT, COPY, LIST',
    perMillion: perMillion['S3 PUT'],
    operations: [
      ...['PutObject', 'CopyObject', 'CreateMultipartUpload', 'UploadPartCopy', 'CompleteMultipartUpload'],
      ...['ListObjectVersions', 'ListObjectsV2', 'ListParts'],
    ],
  },
  { title: 'DELETE', perMillion: 0, operations: ['DeleteObject', 'AbortMultipartUpload'] },
];
/** A file is one PUT, or one COPY. */
const filePerMillion = perMillion['S3 PUT'];
/** Step Functions, Standard: $0.025 per 1,000. */
const transitionPerMillion = perMillion['state transition'];

/** What a job did, as far as AWS would charge for it by number. */
export interface Bill {
  readonly job: string;
  /** To the protected bucket or the destination, as the job counted them. */
  readonly requests: Readonly<Record<string, number>>;
  /** Files written to vault and scratch bucket, counted there. */
  readonly files: number;
  readonly transitions: number;
}

/** A table of all jobs: requests by tier, files, transitions, and their price. */
export function billTable(bills: readonly Bill[]): string[] {
  const rows = bills.map((bill) => [
    bill.job,
    ...tiers.map((tier) => count(requestsIn(tier, bill))),
    count(bill.files),
    count(bill.transitions),
    dollars(priceOf(bill)),
  ]);
  const total = dollars(bills.reduce((sum, bill) => sum + priceOf(bill), 0));
  const head = ['job', ...tiers.map(({ title }) => title), 'files', 'transitions', 'US$'];
  return table([head, ...rows, ['together', ...tiers.map(() => ''), '', '', total]]);
}

/** Counts in words, as `3 GetObject, 1 HeadObject`. */
export const requestsText = (requests: Readonly<Record<string, number>>): string =>
  Object.entries(requests)
    .filter(([, times]) => times > 0)
    .map(([operation, times]) => `${count(times)} ${operation}`)
    .join(', ') || 'none';

const requestsIn = ({ operations }: (typeof tiers)[number], { requests }: Bill): number =>
  operations.reduce((sum, operation) => sum + (requests[operation] ?? 0), 0);

function priceOf(bill: Bill): number {
  const unknown = Object.keys(bill.requests).filter(
    (name) => !tiers.some(({ operations }) => operations.includes(name)),
  );
  if (unknown.length > 0) throw new Error(`no price is known for ${unknown.join(', ')}`);
  const requests = tiers.reduce((sum, tier) => sum + requestsIn(tier, bill) * tier.perMillion, 0);
  return (requests + bill.files * filePerMillion + bill.transitions * transitionPerMillion) / 1e6;
}

const dollars = (amount: number): string => amount.toFixed(5);
