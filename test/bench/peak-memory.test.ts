import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const module_ = join(__dirname, '..', '..', 'bench', 'support', 'peak-memory.ts');
const PARENT_MIB = 400;

test('the peak of a process has nothing of the process that started it', () => {
  const own = `console.log(require(${JSON.stringify(module_)}).peakMiB())`;
  const parent = `
    const { execFileSync } = require('node:child_process');
    const held = Buffer.alloc(${String(PARENT_MIB)} * 1_048_576, 1);
    process.stdout.write(execFileSync(process.execPath, ['--import', 'tsx', '-e', ${JSON.stringify(own)}]));
    if (held[0] !== 1) throw new Error('held');
  `;
  const peak = Number(execFileSync(process.execPath, ['-e', parent], { encoding: 'utf8' }));
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(PARENT_MIB / 2);
});
