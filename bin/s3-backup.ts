#!/usr/bin/env node
/** The CLI `s3-backup`: see docs/reference/cli.md. */
import { processIo } from './output/io';
import { runCli } from './program';
import { awsClients } from './vault/aws-clients';

async function main(): Promise<void> {
  // A reader such as `head` may leave early.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  // A note to us, not to those who run the command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  // The SDK for JavaScript reads AWS_REGION only.
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  process.exitCode = await runCli(process.argv.slice(2), processIo(), awsClients({ region }));
}

void main();
