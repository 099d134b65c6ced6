import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Records why a cdk-nag rule does not apply. The reason stands next to the construct it excuses, and users who check
 * their own app with cdk-nag get it too. This needs no cdk-nag: the CDK keeps the record.
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Excuses exactly these resources of a statement from AwsSolutions-IAM5, so that any other wildcard is still found. */
export function acknowledgeWildcards(construct: IConstruct, resources: readonly string[], reason: string): void {
  for (const resource of resources) {
    const flat = flatten(Stack.of(construct).resolve(resource));
    if (flat.includes('*')) {
      acknowledge(construct, `AwsSolutions-IAM5[Resource::${flat}]`, reason);
    }
  }
}

/** An ARN as cdk-nag writes it: `<LogicalId.Arn>/packs/*`. */
function flatten(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return String(value);
  }
  const intrinsic = value as { 'Fn::Join'?: [string, unknown[]]; 'Fn::GetAtt'?: string[]; Ref?: string };
  if (intrinsic['Fn::Join']) {
    const [delimiter, parts] = intrinsic['Fn::Join'];
    return parts.map(flatten).join(delimiter);
  }
  if (intrinsic['Fn::GetAtt']) {
    return `<${intrinsic['Fn::GetAtt'].join('.')}>`;
  }
  return intrinsic.Ref === undefined ? JSON.stringify(value) : `<${intrinsic.Ref}>`;
}
