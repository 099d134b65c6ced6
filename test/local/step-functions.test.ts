import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  ListExecutionsCommand,
  ListMapRunsCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { eventually } from '../../local/service/process-group';
import { allow, deployTemplate, engineStartLimitMs, execute, nodeFunction, role, type Json } from './support';

/** What the workflows rely on: each test is a promise that the engine, with its bridges, keeps as AWS does. */

const worker = `
class SlowDown extends Error { constructor(m) { super(m); this.name = 'SlowDown'; } }
let calls = 0;
exports.handler = async (event) => {
  calls++;
  if (event.fail) { const e = new Error(event.message ?? 'no'); e.name = event.fail; throw e; }
  if (event.failOnce && !globalThis.failed) { throw new SlowDown('once'); }
  if (event.add) return { ...event, n: event.n + 1, done: event.n + 1 >= event.limit };
  return { echo: event, node: process.version };
};`;

let engine: Engine;
let functionArn: string;
let roleArn: string;
let bucket: string;
let sfn: SFNClient;
let s3: S3Client;
let machines = 0;

beforeAll(async () => {
  engine = await startEngine();
  sfn = new SFNClient(clientConfig(engine));
  s3 = new S3Client(clientConfig(engine));
  const outputs = await deployTemplate(
    engine,
    'states',
    {
      Role: role([allow(['lambda:InvokeFunction', 's3:*', 'states:*'])]),
      Worker: nodeFunction(worker, 'Role'),
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'map-items' } },
    },
    {
      FunctionArn: { 'Fn::GetAtt': ['Worker', 'Arn'] },
      RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Bucket: { Ref: 'Bucket' },
    },
  );
  functionArn = outputs.FunctionArn ?? '';
  roleArn = outputs.RoleArn ?? '';
  bucket = outputs.Bucket ?? '';
}, engineStartLimitMs);

afterAll(() => engine.stop());

async function machine(startAt: string, states: Json): Promise<string> {
  const definition = JSON.stringify({ StartAt: startAt, States: states });
  const name = `machine-${String(++machines)}`;
  const created = await sfn.send(new CreateStateMachineCommand({ name, roleArn, definition }));
  return created.stateMachineArn ?? '';
}

/** Runs states and returns what their execution ended with, its output parsed. */
async function run(startAt: string, states: Json, input: Json = {}) {
  const { status, output, error, cause } = await execute(engine, await machine(startAt, states), input);
  return { status, output: JSON.parse(output ?? 'null') as Json, error, cause };
}

const invoke = (payload: Record<string, Json>, more: Record<string, Json> = {}): Json => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: functionArn, ...payload },
  End: true,
  ...more,
});

describe('states', () => {
  test('a Fail state takes error and cause from its input', async () => {
    const states = { F: { Type: 'Fail', ErrorPath: '$.e', CausePath: "States.Format('{} {}', $.c, $$.State.Name)" } };
    const result = await run('F', states, { e: 'BucketNotFound', c: 'no bucket b' });
    expect(result).toMatchObject({ status: 'FAILED', error: 'BucketNotFound', cause: 'no bucket b F' });
  });

  test('a Wait state waits until the timestamp in its input', async () => {
    const start = Date.now();
    const until = new Date(start + 1500).toISOString();
    const result = await run('W', { W: { Type: 'Wait', TimestampPath: '$.until', End: true } }, { until });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { until } });
    expect(Date.now()).toBeGreaterThanOrEqual(start + 1500);
  });

  test('the context object names execution, state and times', async () => {
    const parameters = {
      'id.$': '$$.Execution.Id',
      'name.$': '$$.Execution.Name',
      'start.$': '$$.Execution.StartTime',
      'entered.$': '$$.State.EnteredTime',
      'state.$': '$$.State.Name',
      'machine.$': '$$.StateMachine.Name',
      'input.$': '$$.Execution.Input.x',
    };
    const { output } = await run('P', { P: { Type: 'Pass', Parameters: parameters, End: true } }, { x: 1 });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/) as string;
    expect(output).toMatchObject({ state: 'P', input: 1, start: time, entered: time });
    expect(output).toMatchObject({ id: expect.stringContaining(':execution:machine-') as string });
  });

  test('ResultSelector, ResultPath and OutputPath shape a task; ResultPath null drops its result', async () => {
    const shaped = {
      T: invoke(
        { 'Payload.$': '$.in' },
        { ResultSelector: { 'a.$': '$.Payload.echo.a' }, ResultPath: '$.out', OutputPath: '$.out' },
      ),
    };
    expect((await run('T', shaped, { in: { a: 7 } })).output).toEqual({ a: 7 });
    const dropped = { T: invoke({ 'Payload.$': '$' }, { ResultPath: null }) };
    expect((await run('T', dropped, { a: 7 })).output).toEqual({ a: 7 });
  });

  test('a function runs on the Node of its runtime, by its own ARN as resource too', async () => {
    const { output } = await run('T', { T: { Type: 'Task', Resource: functionArn, End: true } }, { a: 1 });
    expect(output).toEqual({ echo: { a: 1 }, node: expect.stringMatching(/^v24\./) as string });
  });
});

describe('errors of functions', () => {
  test('Catch sees the error name, and as cause a JSON text with message, type and trace', async () => {
    const states = {
      T: invoke(
        { 'Payload.$': '$' },
        { Catch: [{ ErrorEquals: ['BucketNotFound'], ResultPath: '$.error', Next: 'P' }] },
      ),
      P: {
        Type: 'Pass',
        End: true,
        Parameters: { 'e.$': '$.error.Error', 'c.$': 'States.StringToJson($.error.Cause)' },
      },
    };
    const { output } = await run('T', states, { fail: 'BucketNotFound', message: 'no bucket b' });
    expect(output).toEqual({
      e: 'BucketNotFound',
      c: {
        errorType: 'BucketNotFound',
        errorMessage: 'no bucket b',
        trace: expect.arrayContaining([expect.stringContaining('BucketNotFound: no bucket b')]) as Json,
      },
    });
  });

  test('an uncaught one becomes error and cause of the execution', async () => {
    const result = await run('T', { T: invoke({ 'Payload.$': '$' }) }, { fail: 'VaultDamaged', message: 'segment 3' });
    expect(result).toMatchObject({ status: 'FAILED', error: 'VaultDamaged' });
    expect(JSON.parse(result.cause ?? '')).toMatchObject({ errorMessage: 'segment 3' });
  });

  test('Retry is chosen by the error name and counts attempts', async () => {
    const retry = [{ ErrorEquals: ['SlowDown'], IntervalSeconds: 1, MaxAttempts: 1, BackoffRate: 1 }];
    // The worker fails with the number of the attempt as its message.
    const text = `States.Format('\\{"fail":"{}","message":"{}"\\}', $.fail, $$.State.RetryCount)`;
    const states = { T: invoke({ 'Payload.$': `States.StringToJson(${text})` }, { Retry: retry }) };
    const retriesOf = async (fail: string): Promise<string | undefined> => {
      const { cause } = await run('T', states, { fail });
      return (JSON.parse(cause ?? '{}') as { errorMessage?: string }).errorMessage;
    };
    expect(await retriesOf('SlowDown')).toBe('1');
    expect(await retriesOf('Other')).toBe('0');
  });

  test('the runtime names them too: a function that runs into its timeout is Sandbox.Timedout, an exiting one Runtime.ExitError', async () => {
    const outputs = await deployTemplate(
      engine,
      'dying',
      {
        Role: role([allow('logs:*')]),
        Slow: nodeFunction('exports.handler = () => new Promise((r) => setTimeout(r, 60000));', 'Role', { Timeout: 1 }),
        Gone: nodeFunction('exports.handler = async () => { process.exit(3); };', 'Role'),
      },
      { Slow: { 'Fn::GetAtt': ['Slow', 'Arn'] }, Gone: { 'Fn::GetAtt': ['Gone', 'Arn'] } },
    );
    const task = (arn: string | undefined): Json => ({ T: { Type: 'Task', Resource: arn ?? '', End: true } });
    expect(await run('T', task(outputs.Slow))).toMatchObject({ error: 'Sandbox.Timedout' });
    expect(await run('T', task(outputs.Gone))).toMatchObject({ error: 'Runtime.ExitError' });
  });
});

describe('a Distributed Map', () => {
  const child = (states: Json, startAt: string): Json => ({
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    StartAt: startAt,
    States: states,
  });
  const reader: Json = {
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig: { InputType: 'JSONL' },
    Parameters: { Bucket: 'map-items', 'Key.$': '$.items' },
  };
  const pass: Json = { P: { Type: 'Pass', End: true } };

  async function items(values: Json[]): Promise<string> {
    const key = `items/${String(Math.random())}.jsonl`;
    const body = values.map((value) => `${JSON.stringify(value)}\n`).join('');
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    return key;
  }

  test('reads JSON lines, hostile characters included, and selects the input of its children', async () => {
    const key = await items([{ k: 'a\u2028b\u0085c\r\n' }, { k: '😀' }]);
    const states = {
      M: {
        Type: 'Map',
        ItemReader: reader,
        MaxConcurrency: 2,
        ItemSelector: { 'item.$': '$$.Map.Item.Value', 'index.$': '$$.Map.Item.Index', 'job.$': '$.job' },
        ItemProcessor: child(pass, 'P'),
        End: true,
      },
    };
    expect((await run('M', states, { items: key, job: 'j' })).output).toEqual([
      { item: { k: 'a\u2028b\u0085c\r\n' }, index: 0, job: 'j' },
      { item: { k: '😀' }, index: 1, job: 'j' },
    ]);
  });

  test('children loop over a Choice until their function says done', async () => {
    const loop: Json = {
      T: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: { FunctionName: functionArn, 'Payload.$': '$' },
        OutputPath: '$.Payload',
        Next: 'C',
      },
      C: { Type: 'Choice', Choices: [{ Variable: '$.done', BooleanEquals: false, Next: 'T' }], Default: 'D' },
      D: { Type: 'Succeed' },
    };
    const key = await items([1, 2, 3].map((limit) => ({ add: true, n: 0, limit })));
    const states = {
      M: { Type: 'Map', ItemReader: reader, ItemProcessor: child(loop, 'T'), End: true },
    };
    const { output } = await run('M', states, { items: key });
    expect((output as { n: number }[]).map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  test('concurrency and tolerated failures may come from the input', async () => {
    const key = await items([{ fail: 'No' }, {}, {}, {}]);
    const map = (more: Record<string, Json>): Json => ({
      M: {
        Type: 'Map',
        ItemReader: reader,
        MaxConcurrencyPath: '$.width',
        ItemProcessor: child({ T: invoke({ 'Payload.$': '$' }) }, 'T'),
        ResultPath: null,
        End: true,
        ...more,
      },
    });
    const input = { items: key, width: 1, failures: 1, none: 0, percentage: 25 };
    expect(await run('M', map({ ToleratedFailureCountPath: '$.failures' }), input)).toMatchObject({ output: input });
    expect(await run('M', map({ ToleratedFailurePercentagePath: '$.percentage' }), input)).toMatchObject({
      status: 'SUCCEEDED',
    });
    expect(await run('M', map({ ToleratedFailureCountPath: '$.none' }), input)).toMatchObject({
      status: 'FAILED',
      error: 'States.ExceedToleratedFailureThreshold',
    });
  });

  test('a child is an execution of its own in the context object', async () => {
    const name = {
      P: { Type: 'Pass', Parameters: { 'id.$': '$$.Execution.Id', 'input.$': '$$.Execution.Input' }, End: true },
    };
    const states = {
      M: { Type: 'Map', ItemsPath: '$.list', ItemProcessor: child(name, 'P'), End: true, Label: 'Units' },
    };
    const { output } = await run('M', states, { list: [{ u: 1 }] });
    expect(output).toEqual([{ id: expect.stringContaining('/Units:') as string, input: { u: 1 } }]);
  });

  test('with a ResultWriter the output is the place of a manifest, which names the results', async () => {
    const key = await items([{ a: 1 }, { fail: 'No' }]);
    const states = {
      M: {
        Type: 'Map',
        ItemReader: reader,
        ToleratedFailurePercentage: 100,
        ItemProcessor: child({ T: invoke({ 'Payload.$': '$' }) }, 'T'),
        ResultWriter: {
          Resource: 'arn:aws:states:::s3:putObject',
          Parameters: { Bucket: bucket, 'Prefix.$': "States.Format('results/{}', $.job)" },
        },
        ResultSelector: { 'key.$': '$.ResultWriterDetails.Key', 'run.$': '$.MapRunArn' },
        ResultPath: '$.map',
        End: true,
      },
    };
    const { output } = await run('M', states, { items: key, job: 'j1' });
    const { map } = output as { map: { key: string; run: string } };
    expect(map.key).toMatch(/^results\/j1\/[-0-9a-f]+\/manifest\.json$/);
    const read = async (Key: string): Promise<Json> => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return JSON.parse((await Body?.transformToString()) ?? '') as Json;
    };
    const manifest = (await read(map.key)) as { ResultFiles: Record<string, { Key: string }[]> };
    const entries = (await read(manifest.ResultFiles.SUCCEEDED?.[0]?.Key ?? '')) as { Output: string }[];
    expect(entries.map(({ Output }) => (JSON.parse(Output) as { Payload: { echo: Json } }).Payload.echo)).toEqual([
      { a: 1 },
    ]);
    expect(manifest.ResultFiles.FAILED).toHaveLength(1);
  });

  test('its run and its children can be listed', async () => {
    const arn = await machine('M', {
      M: { Type: 'Map', ItemsPath: '$.l', ItemProcessor: child(pass, 'P'), End: true },
    });
    const { executionArn } = await execute(engine, arn, { l: [1, 2, 3] });
    const { mapRuns } = await sfn.send(new ListMapRunsCommand({ executionArn }));
    const { executions } = await sfn.send(new ListExecutionsCommand({ mapRunArn: mapRuns?.[0]?.mapRunArn }));
    expect(executions?.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  });
});

describe('starting and stopping', () => {
  const wait: Json = {
    W: { Type: 'Wait', SecondsPath: '$.s', Next: 'T' },
    T: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: 'none' }, End: true },
  };

  test('a second start with the same name and input answers the running execution, other input is refused', async () => {
    const stateMachineArn = await machine('W', wait);
    const start = (input: Json) =>
      sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'once', input: JSON.stringify(input) }));
    const first = await start({ s: 2 });
    expect((await start({ s: 2 })).executionArn).toBe(first.executionArn);
    await expect(start({ s: 3 })).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
    await sfn.send(new StopExecutionCommand({ executionArn: first.executionArn }));
  });

  test('with a stopped execution its map run and its children are ABORTED, and run no further task', async () => {
    const states: Json = {
      M: {
        Type: 'Map',
        ItemsPath: '$.list',
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'W',
          States: wait,
        },
        End: true,
      },
    };
    const stateMachineArn = await machine('M', states);
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, input: '{"list":[{"s":1},{"s":1}]}' }),
    );
    const mapRun = async () => (await sfn.send(new ListMapRunsCommand({ executionArn }))).mapRuns?.[0]?.mapRunArn;
    await eventually(async () => (await mapRun()) !== undefined, 10 * 60_000);
    await sfn.send(new StopExecutionCommand({ executionArn }));
    const children = async () =>
      (await sfn.send(new ListExecutionsCommand({ mapRunArn: await mapRun() }))).executions?.map(
        ({ status }) => status,
      );
    await eventually(async () => (await children())?.every((status) => status === 'ABORTED') === true, 10 * 60_000);
    expect(await children()).toEqual(['ABORTED', 'ABORTED']);
    expect((await sfn.send(new DescribeExecutionCommand({ executionArn }))).status).toBe('ABORTED');
  });

  test('a stopped execution stays ABORTED and runs no further task', async () => {
    const stateMachineArn = await machine('W', wait);
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{"s":1}' }));
    await sfn.send(new StopExecutionCommand({ executionArn, error: 'Stopped', cause: 'by hand' }));
    const status = async () => (await sfn.send(new DescribeExecutionCommand({ executionArn }))).status;
    expect(await eventually(async () => (await status()) !== 'ABORTED', 2000)).toBe(false);
  });
});
