import { spawn } from 'node:child_process';
import { awsEnvironment, localRegion } from '../../local/service/aws-env';
import { endsWithBench } from './ends-with-bench';
import { findTool, versionOf } from './s3-servers';

/** What a program took from its start to its end. */
export interface ProgramCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Buckets and folder that peers work with, and how much they may do at a time. */
export interface PeerWork {
  readonly endpoint: string;
  readonly source: string;
  readonly target: string;
  readonly folder: string;
  readonly concurrency: number;
  /** Whether rclone shall list as it lists S3: by ListObjectsV2 with encoded keys. Servers of other makers get ListObjects of it. */
  readonly asS3?: boolean;
}

/** What a peer does, with its command line. */
export interface PeerTask {
  readonly program: string;
  readonly does: string;
  readonly command: (work: PeerWork) => readonly string[];
}

export const s5cmd = ({ endpoint, concurrency }: PeerWork): string[] => [
  's5cmd',
  ...['--endpoint-url', endpoint, '--numworkers', String(concurrency), '--log', 'error'],
];
export const rclone = ({ concurrency }: PeerWork, verb: string): string[] => [
  'rclone',
  ...[verb, '--config', '', '--quiet', '--transfers', String(concurrency), '--checkers', String(concurrency)],
];
const ACCESS = 'test';
export const s3sync = ({ endpoint, concurrency, source }: PeerWork, target: string): string[] => [
  's3sync',
  ...['--sk', ACCESS, '--ss', ACCESS, '--se', endpoint, '--sr', localRegion],
  ...['--tk', ACCESS, '--ts', ACCESS, '--te', endpoint, '--tr', localRegion],
  ...['-w', String(concurrency), `s3://${source}`, `s3://${target}`],
];

/** Copies of all objects. Two remotes of rclone are two services to it: it reads and writes each object, as s3sync does. */
export const COPY_TASKS: readonly PeerTask[] = [
  {
    program: 's5cmd',
    does: 'GET to files',
    command: (work) => [...s5cmd(work), 'cp', `s3://${work.source}/*`, `${work.folder}/s5cmd/`],
  },
  {
    program: 's5cmd',
    does: 'CopyObject each',
    command: (work) => [...s5cmd(work), 'cp', `s3://${work.source}/*`, `s3://${work.target}-s5cmd/`],
  },
  {
    program: 'rclone',
    does: 'GET and PUT each',
    command: (work) => [
      ...rclone(work, 'copy'),
      '--s3-no-check-bucket',
      `one:${work.source}`,
      `two:${work.target}-rclone`,
    ],
  },
  {
    program: 's3sync',
    does: 'GET and PUT each',
    command: (work) => s3sync(work, `${work.target}-s3sync`),
  },
];

/** Comparisons of two buckets in which nothing differs. */
export const COMPARE_TASKS: readonly PeerTask[] = [
  {
    program: 's5cmd',
    does: 'sync, nothing changed',
    command: (work) => [...s5cmd(work), 'sync', `s3://${work.source}/*`, `s3://${work.target}-s5cmd/`],
  },
  {
    program: 'rclone',
    does: 'sync by checksum with fast listing, nothing changed',
    command: (work) => [
      ...rclone(work, 'sync'),
      ...['--s3-no-check-bucket', '--fast-list', '--checksum', `one:${work.source}`, `two:${work.target}-rclone`],
    ],
  },
];

/** Names of the buckets that tasks write to. */
export const targetsOf = ({ target }: Pick<PeerWork, 'target'>): string[] =>
  ['s5cmd', 'rclone', 's3sync'].map((name) => `${target}-${name}`);

/** Name and version of an installed program; undefined when it is absent. */
export function peerName(program: string): string | undefined {
  const path = findTool(program);
  return path && `${program} ${versionOf(path)}`;
}

const LISTS_AS_S3 = [
  ['LIST_VERSION', '2'],
  ['LIST_URL_ENCODE', 'true'],
] as const;

/** Runs a peer to its end. Fails when the peer does. */
export async function runPeer(task: PeerTask, work: PeerWork): Promise<ProgramCost> {
  const [program = '', ...options] = task.command(work);
  const remotes = ['ONE', 'TWO'].flatMap((name): [string, string][] => [
    [`RCLONE_CONFIG_${name}_TYPE`, 's3'],
    [`RCLONE_CONFIG_${name}_PROVIDER`, 'Other'],
    [`RCLONE_CONFIG_${name}_ENV_AUTH`, 'true'],
    [`RCLONE_CONFIG_${name}_REGION`, localRegion],
    [`RCLONE_CONFIG_${name}_ENDPOINT`, work.endpoint],
    ...(work.asS3
      ? LISTS_AS_S3.map(([option, value]): [string, string] => [`RCLONE_CONFIG_${name}_${option}`, value])
      : []),
  ]);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...awsEnvironment(work),
    ...Object.fromEntries(remotes),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return runProgram(findTool(program) ?? program, options, env);
}

/** Prints the seconds that a program took, of the clock and of all its threads' CPU time. */
const METER = `
import json, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": time.monotonic() - start, "cpuSeconds": used.ru_utime + used.ru_stime}))
sys.exit(code)
`;

/** Runs a program and answers what it took, its children included. */
export function runProgram(program: string, options: readonly string[], env = process.env): Promise<ProgramCost> {
  return new Promise((resolve, reject) => {
    const meter = spawn('python3', ['-c', METER, program, ...options], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    endsWithBench(meter);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      meter[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    meter.on('error', reject);
    meter.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(said.stdout) as ProgramCost);
      else reject(new Error(`${program} ended with ${String(code)}: ${said.stderr.slice(-500)}`));
    });
  });
}
