import type { Comparison } from '../buckets/compare';
import { count, size, type Figures } from './console';
import type { RestoreJob } from './outputs';
import { requestsText } from './prices';

const shownDifferences = 5;

/** Steps of the demo whose figures are checked: whatever is not as expected counts as a difference, and fails the demo. */
export abstract class CheckedSteps {
  protected differences = 0;

  protected describeRestore(figures: Figures, output: RestoreJob): void {
    figures.add('recovery point', `${output.recoveryPointId}, ${output.status}`);
    figures.add('object versions restored', `${count(output.restored)}, ${size(output.bytes)}`);
    if (output.deleted > 0) figures.add('delete markers restored', output.deleted);
    const { marker = 0, ...skipped } = output.skipped;
    if (marker > 0) figures.add('keys deleted at that time', marker);
    figures.add('requests to the destination', requestsText(output.requests));
    this.expect(figures, 'failed', output.failed, 0);
    this.expectNoSkip(figures, skipped);
  }

  protected report(figures: Figures, what: string, found: Comparison): void {
    const { keys, versions, markers, bytes, headers, tags, grants, differences } = found;
    const markersText = markers > 0 ? `, ${count(markers)} delete markers` : '';
    figures.add(what, `${count(keys)} keys, ${count(versions)} versions${markersText}, ${size(bytes)}`);
    figures.add('', `${count(headers)} headers, ${count(tags)} tags, ${count(grants)} grants`);
    figures.add('differences', differences.length === 0 ? 'none' : differences.length);
    for (const difference of differences.slice(0, shownDifferences)) figures.note(`  ${difference}`);
    this.differences += differences.length;
  }

  protected expectNoSkip(figures: Figures, skipped: Readonly<Record<string, number>>): void {
    for (const [reason, times] of Object.entries(skipped)) this.expect(figures, `skipped as ${reason}`, times, 0);
  }

  /** A figure that has to be as expected; otherwise it counts as a difference. */
  protected expect(figures: Figures, what: string, actual: number, expected: number): void {
    if (actual === expected) return;
    figures.note(`NOT AS EXPECTED: ${what}: expected ${count(expected)}, got ${count(actual)}`);
    this.differences++;
  }
}
