import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { endsWithBench } from './ends-with-bench';
import { type BucketShape, generatedObjects } from './generated-bucket';

/** Lines that are written to the process at a time. */
const CHUNK = 1_000;

/** Node has no extended attributes. Reads a line for each file: path, seconds of its last change, ETag, version ID, body. */
const WRITER = `
import os, sys
made = set()
for line in sys.stdin:
    path, changed, etag, version, body = line.rstrip("\\n").split("\\t")
    folder = os.path.dirname(path)
    if folder not in made:
        os.makedirs(folder, exist_ok=True)
        made.add(folder)
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(file, body.encode())
    os.setxattr(file, "user.etag", ('"' + etag + '"').encode())
    os.setxattr(file, "user.version-id", version.encode())
    os.setxattr(file, "user.content-type", b"application/json")
    os.utime(file, (int(changed), int(changed)))
    os.close(file)
`;

/**
 * Lays the objects of a generated bucket into the folder of versitygw's bucket, as files with the attributes that versitygw gives them: so
 * that a million takes a minute or two, and has the version IDs and times that the formula says.
 */
export async function layFiles(bucketFolder: string, shape: BucketShape): Promise<void> {
  const writer = spawn('python3', ['-c', WRITER], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  endsWithBench(writer);
  const ended = once(writer, 'close');
  await pipeline(Readable.from(chunks(bucketFolder, shape)), writer.stdin);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`laying the files ended with ${String(code)}`);
}

function* chunks(bucketFolder: string, shape: BucketShape): Generator<string> {
  let lines: string[] = [];
  for (const { key, lastModified, etag, versionId, body } of generatedObjects(shape)) {
    lines.push([join(bucketFolder, key), lastModified, etag, versionId, body.toString()].join('\t'));
    if (lines.length < CHUNK) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}
