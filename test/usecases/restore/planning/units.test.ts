import fc from 'fast-check';
import type { PlanPart } from '../../../../lambda/core/restore/job';
import { MAX_PARTS, UnitCutter } from '../../../../lambda/usecases/restore/planning/units';

/** Weights of files, by turn, by unit of planning. */
const cut = (plan: readonly (readonly (readonly number[])[])[], target: number) => {
  const cutter = new UnitCutter(target);
  for (const [unit, turns] of plan.entries())
    for (const [turn, weights] of turns.entries())
      cutter.add(
        String(unit),
        turn,
        weights.map((weight) => ({ key: '', weight })),
      );
  return cutter.units.map((unit) => ({ id: unit.id, parts: 'parts' in unit ? unit.parts : [] }));
};
const filesIn = (parts: readonly PlanPart[]): string[] =>
  parts.flatMap(({ unit, turn, from, to }) =>
    Array.from({ length: to - from }, (_, n) => `${unit}/${String(turn)}/${String(from + n)}`),
  );

test('files of several turns and units of planning make a unit, those of one make several', () => {
  expect(cut([[[1, 1], [], [1]], [[1, 1, 1, 1, 1]], [[9]], [[]], [[1, 1]]], 4)).toEqual([
    {
      id: '0',
      parts: [
        { unit: '0', turn: 0, from: 0, to: 2 },
        { unit: '0', turn: 2, from: 0, to: 1 },
        { unit: '1', turn: 0, from: 0, to: 1 },
      ],
    },
    { id: '1', parts: [{ unit: '1', turn: 0, from: 1, to: 5 }] },
    { id: '2', parts: [{ unit: '2', turn: 0, from: 0, to: 1 }] },
    { id: '3', parts: [{ unit: '4', turn: 0, from: 0, to: 2 }] },
  ]);
});

test('all files are in units, in order, and no unit is too heavy that has more than one', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 5 });
  const plans = fc.array(fc.array(weights, { maxLength: 3 }), { maxLength: 6 });
  fc.assert(
    fc.property(plans, fc.integer({ min: 1, max: 12 }), (plan, target) => {
      const units = cut(plan, target);
      expect(units.map(({ id }) => id)).toEqual(units.map((_, n) => String(n)));
      const files = plan.flatMap((turns, unit) =>
        turns.flatMap((all, turn) => all.map((_, n) => `${String(unit)}/${String(turn)}/${String(n)}`)),
      );
      expect(units.flatMap(({ parts }) => filesIn(parts))).toEqual(files);
      const weightOf = (file: string): number => {
        const [unit = 0, turn = 0, n = 0] = file.split('/').map(Number);
        return plan[unit]?.[turn]?.[n] ?? NaN;
      };
      for (const { parts } of units) {
        const own = filesIn(parts);
        const weight = own.reduce((sum, file) => sum + weightOf(file), 0);
        expect(own.length === 1 || weight <= target).toBe(true);
      }
    }),
  );
});

test('a unit of light files has those of some turns only: its input travels through the state machine', () => {
  const plan = Array.from({ length: 5 * MAX_PARTS + 1 }, () => [[1, 1]]);
  const units = cut(plan, 1e9);
  expect(units.map(({ parts }) => parts.length)).toEqual([...Array.from({ length: 5 }, () => MAX_PARTS), 1]);
  expect(units.flatMap(({ parts }) => filesIn(parts))).toHaveLength(2 * plan.length);
  expect(JSON.stringify(units[4]).length).toBeLessThan(8 * 1024);
});

test('a list of a job of ten billion objects takes less than a hundred bytes a unit', () => {
  const files = Array.from({ length: 100 }, () => 2_000);
  const cutter = new UnitCutter(50_000);
  for (let unit = 0; unit < 50_000; unit += 100)
    cutter.add(
      String(unit),
      0,
      files.map((weight) => ({ key: '', weight })),
    );
  expect(cutter.units).toHaveLength(500 * 4);
  expect(Math.max(...cutter.units.map((unit) => JSON.stringify(unit).length))).toBeLessThan(100);
});
