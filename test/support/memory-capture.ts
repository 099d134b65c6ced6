import { MemoryCaptureControl } from '../../lambda/adapters/memory';
import type { CaptureWorld } from '../contracts/capture-control.contract';

export function memoryCapture(): CaptureWorld {
  const control = new MemoryCaptureControl();
  return {
    control,
    send: (queue, messages) => {
      if (queue === 'queue') control.state = { ...control.state, queued: messages };
      else control.letters = { ...control.letters, count: messages };
      return Promise.resolve();
    },
    rules: () => {
      const enabled = control.rules.filter((rule) => !control.disabled.has(rule));
      return Promise.resolve(Object.fromEntries(enabled.map((rule) => [rule, control.bucketsOf(rule)])));
    },
    disable: (rule) => {
      control.disabled.add(rule);
      return Promise.resolve();
    },
    lose: (rule) => {
      control.lose(rule);
      return Promise.resolve();
    },
    at: (seconds) => {
      control.now = seconds;
    },
    disableDeployed: () => {
      control.state = { ...control.state, disabledRules: ['deployed'] };
      return Promise.resolve();
    },
  };
}
