import { GetBucketNotificationConfigurationCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deployExample, parseContext } from '../../local/deploy';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { engineFolder, repositoryRoot } from '../../local/support/paths';
import { engineStartLimitMs } from './support';

const deployLimitMs = 10 * 60_000;
const tinyApp = join(repositoryRoot, 'test', 'local', 'fixtures', 'tiny-app.ts');

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
}, engineStartLimitMs);

afterAll(() => engine.stop());

test(
  'the CDK CLI bootstraps the engine and deploys an app to it, with IAM enforced for its functions',
  async () => {
    const deployment = { engine, app: `tsx ${tinyApp}`, context: { stackName: 'TinyNamed' } };
    const outputs = await deployExample(deployment);
    expect(outputs).toMatchObject({
      BucketName: expect.stringMatching(/^tinynamed-/) as string,
      Denied: 'AccessDenied',
    });

    const s3 = new S3Client(clientConfig(engine));
    const Bucket = outputs.BucketName;
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'written' }));
    expect(await Body?.transformToString()).toBe('by the function');
    const notifications = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    expect(notifications.EventBridgeConfiguration).toBeDefined();

    const folder = join(engineFolder(engine.port), 'deployment');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['cdk.out', 'outputs.json']));
    // Deploying again changes nothing and still answers the outputs.
    expect(await deployExample(deployment)).toEqual(outputs);
  },
  deployLimitMs,
);

test(
  'a failed or hanging deployment is an error that shows the end of the output',
  async () => {
    const broken = { engine, app: 'node -e "console.error(\'broken app\'); process.exit(7)"' };
    await expect(deployExample(broken)).rejects.toThrow(/cdk deploy failed[^]*broken app/);
    const hanging = { engine, app: 'sleep 600', limitMs: 3000 };
    await expect(deployExample(hanging)).rejects.toThrow('cdk deploy took longer than 3 s');
  },
  deployLimitMs,
);

test('context comes as -c key=value; anything else is refused', () => {
  expect(parseContext(['-c', 'a=1', '--context', 'b=x=y'])).toEqual({ a: '1', b: 'x=y' });
  expect(() => parseContext(['-c', 'a'])).toThrow('local:deploy takes -c key=value only, got "-c a"');
  expect(() => parseContext(['--all'])).toThrow('got "--all"');
});
