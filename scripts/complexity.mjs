import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (path) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

/** Fields of a row that may be absent: two paths each in the function that makes rows of columns. */
function optionalFields() {
  const [, fields] = /^export interface Row \{\n([\s\S]*?)^\}/m.exec(read('lambda/core/history/row.ts'));
  return fields.match(/^ {2}readonly \w+\?:/gm).length;
}

/** Functions that may have more paths than others, and how many. One grows with the columns of the history, and with nothing else. */
export const exceptions = JSON.parse(read('scripts/complexity-exceptions.json')).map(
  ({ complexity, perColumn = 0, ...one }) => ({ ...one, complexity: complexity + perColumn * optionalFields() }),
);
