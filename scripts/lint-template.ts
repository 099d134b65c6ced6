import { join } from 'node:path';
import { cfnLint } from './cfn-lint';

/** `npm run lint:template`: cfn-lint over the example app's template, which `npm run synth` has written. */
function main(): void {
  const template = join(__dirname, '..', 'cdk.out', 'S3BackupExample.template.json');
  const findings = cfnLint(template, ['us-east-1', 'eu-central-1']);
  if (findings === '') return;
  console.error(findings);
  process.exitCode = 1;
}

main();
