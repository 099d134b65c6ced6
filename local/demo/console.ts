const width = 92;
const labelWidth = 40;

/** Prints the demo: numbered steps, and under each its figures in one column. */
export class DemoConsole {
  private steps = 0;
  private started = Date.now();

  /** Does a step and prints its title, its time, and the figures that it gives. */
  async step<Result>(title: string, work: (figures: Figures) => Promise<Result>): Promise<Result> {
    const number = String(++this.steps).padStart(2);
    const begun = Date.now();
    const figures = new Figures();
    try {
      return await work(figures);
    } finally {
      console.log(`\n${`${number}  ${title}`.padEnd(width - 8)}${seconds(Date.now() - begun).padStart(8)}`);
      for (const line of figures.lines) console.log(`    ${line}`.trimEnd());
    }
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) console.log(line);
  }

  get elapsed(): string {
    return seconds(Date.now() - this.started);
  }
}

/** Lines under a step. */
export class Figures {
  readonly lines: string[] = [];

  add(label: string, value: string | number): void {
    this.lines.push(`${label.padEnd(labelWidth)}${typeof value === 'number' ? count(value) : value}`);
  }

  note(text: string): void {
    this.lines.push(text);
  }
}

/** A table whose columns are as wide as they need to be: the first one aligned left, the others right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

export const count = (value: number): string => value.toLocaleString('en-US');

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
