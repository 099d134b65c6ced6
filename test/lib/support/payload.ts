import type { Template } from 'aws-cdk-lib/assertions';
import { logicalId, resources } from './synth';

/** Payload of a schedule, with references as their logical IDs. */
export function payloadOf(template: Template, prefix: string): any {
  const schedule = resources(template)[logicalId(template, 'AWS::Scheduler::Schedule', prefix)]!;
  const { Input } = schedule.Properties['Target'];
  const text = typeof Input === 'string' ? Input : Input['Fn::Join'][1].map((p: any) => p.Ref ?? p).join('');
  return JSON.parse(text);
}
