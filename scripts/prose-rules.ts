import type TypeScript from 'typescript';

/** A piece of text that is read in one go: a paragraph, an item of a list, a cell of a table, a comment, a message. */
export interface Passage {
  /** Number of its first line, from 1. */
  readonly line: number;
  readonly text: string;
  /** Lines as they stand in the file, where their width counts. */
  readonly lines?: readonly string[];
}

/** Words that are out of use, and what to write in their place. */
const OUT_OF_USE: readonly (readonly [RegExp, string])[] = [
  [/\b(tells?|told) of\b/i, 'records, reports, shows'],
  [/\bsays? of\b/i, 'reports, shows'],
  [/\b(nobody|somebody|whoever)\b/i, 'name the actor'],
  [/\bfor good\b/i, 'permanently'],
  [/\bone of a kind\b/i, 'unique'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\b(takes?|taken|took) in\b/i, 'commits, reads'],
  [/\btold\b/i, 'recorded, reported, shown'],
  [/\btopped\b/i, 'replaced, newer'],
  [/\bbare\b/i, 'plain'],
  [/\bleft out\b/i, 'missing, dropped, not written'],
  [/\brestate[sd]?\b/i, 'recorded again'],
  [/\bfold(s|ed|ing)?\b/i, 'compares, drops'],
];
const COLUMNS = 100;
const SENTENCE = 35;
const PARAGRAPH = 80;

const wordsIn = (text: string): number => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

/** Sentences of a text; a colon or semicolon does not end one, a dot within a name neither. */
const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?][)"”]?)\s+(?=[\p{Lu}"“(`\[0-9])/u);

/** What is wrong with a passage, a line each: `<line>: <what>`. A page that defines words may name those that are out of use. */
export function findings({ line, text, lines }: Passage, defines = false): string[] {
  const found: string[] = [];
  for (const [pattern, instead] of defines ? [] : OUT_OF_USE) {
    const match = pattern.exec(text);
    if (match) found.push(`${String(line)}: "${match[0]}" is out of use: ${instead}`);
  }
  for (const sentence of sentencesOf(text)) {
    const words = wordsIn(sentence);
    if (words > SENTENCE) {
      const start = sentence.slice(0, 40);
      found.push(`${String(line)}: a sentence of ${String(words)} words, ${String(SENTENCE)} at most: "${start}…"`);
    }
  }
  if (lines && wordsIn(text) > PARAGRAPH)
    found.push(`${String(line)}: a paragraph of ${String(wordsIn(text))} words, ${String(PARAGRAPH)} at most`);
  for (const [index, each] of (lines ?? []).entries())
    // A link or a name that is longer than the line cannot be wrapped.
    if (each.length > COLUMNS && each.trim().includes(' '))
      found.push(`${String(line + index)}: ${String(each.length)} columns, ${String(COLUMNS)} at most`);
  return found;
}

/** Code, links and marks of emphasis are no prose. A sentence may begin with code, and end within emphasis. */
const plain = (text: string): string =>
  text
    .replace(/``.*?``|`[^`]*`/g, 'Code')
    .replace(/!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replace(/<[^>]+>/g, ' ')
    .replace(/(?<![\p{L}\p{N}])[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}(?![\p{L}\p{N}])/gu, '');

/** Paragraphs, items and cells of a page, without code blocks. */
export function passagesOfMarkdown(page: string): Passage[] {
  const passages: Passage[] = [];
  let open: { line: number; lines: string[] } | undefined;
  let isCode = false;
  const close = (): void => {
    if (open) passages.push({ line: open.line, text: plain(open.lines.join(' ')), lines: open.lines });
    open = undefined;
  };
  for (const [index, line] of page.split('\n').entries()) {
    const isFence = /^\s*(```|~~~)/.test(line);
    if (isFence || isCode || line.trim() === '' || /^(#|<!--|---)/.test(line)) {
      close();
      if (isFence) isCode = !isCode;
      continue;
    }
    if (/^\s*\|/.test(line)) {
      close();
      for (const cell of line.split(/(?<!\\)\|/)) passages.push({ line: index + 1, text: plain(cell.trim()) });
      continue;
    }
    if (/^\s*([-*+]|\d+\.)\s/.test(line)) close();
    open ??= { line: index + 1, lines: [] };
    open.lines.push(line);
  }
  close();
  return passages;
}

/** Help has blank lines between its paragraphs, and examples (`  $ command`), which are code. */
const paragraphsOfHelp = (text: string): string[] => text.replace(/^\s*\$ .*$/gm, '').split(/\n\s*\n/);

/** Docstrings of what is public, and texts with several words: messages, descriptions, help. */
export function passagesOfSource(ts: typeof TypeScript, path: string, source: string): Passage[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const passages: Passage[] = [];
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: TypeScript.Node): void => {
    const texts = ts.isTemplateExpression(node)
      ? [[node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('x')]
      : ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)
        ? [node.text]
        : [];
    for (const text of texts.flatMap(paragraphsOfHelp))
      if (wordsIn(text) > 2) passages.push({ line: lineOf(node.getStart(file)), text: plain(text) });
    if (path.startsWith('lib/'))
      for (const comment of (node as { jsDoc?: readonly TypeScript.JSDoc[] }).jsDoc ?? [])
        passages.push(...passagesOfComment(comment.getText(file), lineOf(comment.getStart(file))));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return passages;
}

/** Paragraphs of a docstring; each tag begins one. */
function passagesOfComment(comment: string, line: number): Passage[] {
  const lines = comment.split('\n').map((each) => each.replace(/^\s*\/?\*+\/?\s?/, '').replace(/\s*\*+\/$/, ''));
  const page = lines.map((each) => (each.startsWith('@') ? `\n${each}` : each)).join('\n');
  return passagesOfMarkdown(page).map(({ text }) => ({ line, text }));
}
