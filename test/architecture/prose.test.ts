import ts from 'typescript';
import { findings, passagesOfMarkdown, passagesOfSource } from '../../scripts/prose-rules';
import { read } from './sources';

const found = (page: string, defines = false): string[] =>
  passagesOfMarkdown(page).flatMap((passage) => findings(passage, defines));

describe('the lint of prose', () => {
  test.each([
    'S3 tells of the change.',
    'The log says of it what is known.',
    'Somebody wrote the key.',
    'It is deleted for good.',
    'Fix it when it is mended.',
    'The job takes in the changes.',
    'The function is told the bucket.',
    'The version is topped by another.',
    'It is twice a bare GET.',
    'The ACL is left out.',
    'The version is restated.',
    'The job folds the changes.',
  ])('finds a word that is out of use: %s', (sentence) => {
    expect(found(sentence)).toEqual([expect.stringMatching(/^1: "[\w ]+" is out of use: \w+/)]);
  });

  test('knows them from others, and lets the glossary define them', () => {
    expect(found('A folder, barely untold. `fold` is a name. Leave `createBucket` out.')).toEqual([]);
    expect(found('| fold | Comparing changes with the history. |', true)).toEqual([]);
  });

  test('reads the texts of sources, and not their names', () => {
    const source = `const fold = (told: string) => { throw new Error('the ACL of the object is left out'); };`;
    const passages = passagesOfSource(ts, 'bin/x.ts', source);
    expect(passages.flatMap((passage) => findings(passage))).toEqual([expect.stringContaining('left out')]);
  });
});

describe('the architecture', () => {
  const page = read('docs/explanation/architecture.md');
  const stepsOf = (section: string): string[] => {
    const [, text = ''] = new RegExp(`\\n## ${section}\\n([\\s\\S]*?)\\n## `).exec(page) ?? [];
    return text.split(/\n(?=\d\. \*\*)/).filter((step) => /^\d\. \*\*/.test(step));
  };

  test.each([
    ['Backup', 5],
    ['Restore', 6],
  ])('names of each step of %s what the page promises', (section, count) => {
    const steps = stepsOf(section);
    expect(steps).toHaveLength(count);
    for (const step of steps)
      for (const part of [
        /Handler `lambda\/handlers\//,
        /use case\s+`lambda\/usecases\//,
        /\n {3}- Reads /,
        /\n {3}- Keeps /,
      ])
        expect(step).toMatch(part);
  });
});
