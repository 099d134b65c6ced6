import { DOUBTS, explained } from '../../bin/output/doubts';
import { REASONS, skippedRows } from '../../bin/output/reasons';
import { read } from '../architecture/sources';

/** Names in the first column of a section of the page about restores. */
function rowsOf(section: string): string[] {
  const page = read('docs/reference/restore-input.md');
  const [, text = ''] = new RegExp(`\\n### ${section}\\n([\\s\\S]*?)\\n##`).exec(page) ?? [];
  return [...text.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name!);
}

test('the command line explains the doubts that the page lists, and no others', () => {
  expect(Object.keys(DOUBTS).sort()).toEqual(rowsOf('Doubts').sort());
});

test('the command line explains the reasons that the page lists', () => {
  const reasons = rowsOf('Skipped');
  expect(reasons.length).toBeGreaterThan(10);
  expect(Object.keys(REASONS)).toEqual(expect.arrayContaining(reasons));
});

test('an object without its ACL may lack more than public grants', () => {
  expect(skippedRows({ 'acls-blocked': 1 })).toEqual([
    [
      'skipped',
      '1 acls-blocked (restored without its ACL or its public grants: public access is blocked, or S3 did not accept the ACL)',
    ],
  ]);
});

test('a version whose arrival is in doubt is a replica or an upload', () => {
  expect(explained('visibility')).toMatch(/a replica, or an upload/);
});

test('a doubt of a newer vault is shown as it is', () => {
  expect(explained('new-doubt')).toBe('new-doubt');
});
