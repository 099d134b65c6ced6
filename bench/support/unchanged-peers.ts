import { type PeerTask, rclone, s3sync, s5cmd } from './peers';

const ONE_AND_TWO = ({ source, target }: { source: string; target: string }): string[] => [
  `one:${source}`,
  `two:${target}`,
];

/** Comparisons of the bucket with its copy, and plain listings of it. */
export const UNCHANGED_TASKS: readonly PeerTask[] = [
  {
    program: 's5cmd',
    does: 'sync, nothing changed',
    command: (work) => [...s5cmd(work), 'sync', `s3://${work.source}/*`, `s3://${work.target}/`],
  },
  {
    program: 'rclone',
    does: 'sync by checksum with fast listing, nothing changed',
    command: (work) => [
      ...rclone(work, 'sync'),
      ...['--s3-no-check-bucket', '--fast-list', '--checksum', ...ONE_AND_TWO(work)],
    ],
  },
  {
    program: 'rclone',
    does: 'sync by checksum folder by folder, nothing changed',
    command: (work) => [...rclone(work, 'sync'), ...['--s3-no-check-bucket', '--checksum', ...ONE_AND_TWO(work)]],
  },
  {
    program: 's3sync',
    does: 'sync, nothing changed',
    command: (work) => s3sync(work, work.target),
  },
  {
    program: 'rclone',
    does: 'size with fast listing: lists',
    command: (work) => [...rclone(work, 'size'), '--fast-list', `one:${work.source}`],
  },
  {
    program: 's5cmd',
    does: 'ls: lists',
    command: (work) => [...s5cmd(work), 'ls', `s3://${work.source}/*`],
  },
];
