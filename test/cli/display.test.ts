import { Match } from 'aws-cdk-lib/assertions';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { bytes, dollars, duration, table } from '../../bin/output/format';
import type { Io } from '../../bin/output/io';
import { BACKUP_PHASES, phaseOf, RESTORE_PHASES } from '../../bin/vault/phases';
import { progressDisplay } from '../../bin/vault/progress';
import { flat, vaultTemplate } from '../lib/support/synth';

test.each([
  [0, '0 B'],
  [1023, '1,023 B'],
  [1024, '1.0 KiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
])('%d bytes', (value, text) => expect(bytes(value)).toBe(text));

test.each([
  [400, '0:00'],
  [65_000, '1:05'],
  [3_725_000, '1:02:05'],
])('%d ms', (value, text) => expect(duration(value)).toBe(text));

test.each([
  [0, '$0'],
  [0.000005, 'less than $0.0001'],
  [0.01234, 'about $0.0123'],
  [12.345, 'about $12.35'],
])('%d dollars', (value, text) => expect(dollars(value)).toBe(text));

test('a table is cut at the width of the terminal, and not without one', () => {
  const columns = [{ heading: 'NAME', value: (name: string) => name }];
  expect(table(columns, ['abcdefgh'], 6)).toBe('NAME\nabcde…');
  expect(table(columns, ['abcdefgh'])).toBe('NAME\nabcdefgh');
});

test('phases are the states that the workflows have, in order', () => {
  const machines = vaultTemplate({ allowMarkerRemoval: true }).findResources(
    'AWS::StepFunctions::StateMachine',
    Match.anyValue(),
  );
  const definitions = Object.values(machines).map((machine) => flat(machine['Properties'].DefinitionString));
  for (const [phases, first] of [
    [BACKUP_PHASES, 'Prepare'],
    [RESTORE_PHASES, 'Assess'],
  ] as const) {
    const definition = definitions.find((text) => text.includes(`"${first}":{`))!;
    const states = Object.keys(JSON.parse(definition).States as object);
    for (const [index, phase] of phases.entries()) {
      const [own] = states.filter((state) => phaseOf(phases, state) === index);
      expect([phase.states, own]).toEqual([phase.states, expect.any(String)]);
    }
  }
});

test('on a terminal progress is a bar that goes away', async () => {
  const bars = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
  const drawn: string[] = [];
  bars.on('data', (data: Buffer) => drawn.push(data.toString()));
  const lines: string[] = [];
  const io = { bars, err: (text: string) => lines.push(text), now: () => 0 } as unknown as Io;
  const display = progressDisplay(io, 'Backing up photos', BACKUP_PHASES);
  display.show({ state: 'BackUpRanges in parallel', units: { done: 1, total: 2 } });
  await wait(300);
  display.stop();
  const before = drawn.length;
  display.show({ state: 'Commit' });
  expect(lines).toEqual([]);
  expect(drawn.join('')).toContain('storing new versions (1 of 2 parts)');
  expect(drawn).toHaveLength(before);
});
