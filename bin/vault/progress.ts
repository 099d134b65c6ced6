import { Presets, SingleBar } from 'cli-progress';
import { duration, number } from '../output/format';
import type { Io } from '../output/io';
import type { ExecutionProgress } from './clients';
import { Phase, phaseOf } from './phases';

/** Shows how far an execution is. */
export interface ProgressDisplay {
  show(progress: ExecutionProgress): void;
  stop(): void;
}

/** A bar on a terminal, plain lines elsewhere. */
export function progressDisplay(io: Io, title: string, phases: readonly Phase[]): ProgressDisplay {
  const tracker = phaseTracker(phases);
  const display = io.bars ? barDisplay(io.bars, phases, tracker) : lineDisplay(io, title, phases, tracker);
  let stopped = false;
  return {
    // News that arrive after an interrupt must not be drawn over what the command says then.
    show: (progress) => {
      if (!stopped) display.show(progress);
    },
    stop: () => {
      stopped = true;
      display.stop();
    },
  };
}

interface Position {
  readonly phase: number;
  readonly units?: ExecutionProgress['units'];
}
type Tracker = (progress: ExecutionProgress) => Position;

/** States that no phase names, such as the record of a failure, leave the display where it is. */
function phaseTracker(phases: readonly Phase[]): Tracker {
  let phase = 0;
  return ({ state, units }) => {
    const now = state === undefined ? -1 : phaseOf(phases, state);
    if (now < 0) return { phase };
    phase = now;
    return { phase, units };
  };
}

const textOf = (phases: readonly Phase[], { phase, units }: Position): string =>
  (phases[phase]?.text ?? '') + (units ? ` (${number(units.done)} of ${number(units.total)} parts)` : '');

/** All phases are equally long on the bar: nobody knows beforehand how long they take. */
const PHASE_WIDTH = 100;

function barDisplay(stream: NodeJS.WritableStream, phases: readonly Phase[], track: Tracker): ProgressDisplay {
  const bar = new SingleBar(
    {
      stream,
      // No bucket: the line is cut at the width of the terminal.
      format: '{bar} {duration_formatted} {text}',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      // Ctrl-C is the command's: it says what becomes of the execution.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  bar.start(phases.length * PHASE_WIDTH, 0, { text: phases[0]?.text ?? '' });
  return {
    show: (progress) => {
      const position = track(progress);
      const { units } = position;
      const within = units && units.total > 0 ? units.done / units.total : 0;
      bar.update((position.phase + within) * PHASE_WIDTH, { text: textOf(phases, position) });
    },
    stop: () => bar.stop(),
  };
}

/** Logs get a line for each phase, and one now and then while the parts of a phase are worked on. */
const LINE_INTERVAL_MS = 30_000;

function lineDisplay(io: Io, title: string, phases: readonly Phase[], track: Tracker): ProgressDisplay {
  const started = io.now();
  let shown: { phase: number; text: string; at: number } | undefined;
  return {
    show: (progress) => {
      const position = track(progress);
      const text = textOf(phases, position);
      const due = shown === undefined || io.now() - shown.at >= LINE_INTERVAL_MS;
      if (shown?.phase === position.phase && (!due || shown.text === text)) return;
      shown = { phase: position.phase, text, at: io.now() };
      io.err(`${title}: ${text} [${duration(io.now() - started)}]`);
    },
    stop: () => undefined,
  };
}
