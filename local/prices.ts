import { PRICES_PER_MILLION } from '../lambda/core/cost';

/** AWS's list prices in US dollars per million: us-east-1, S3 Standard, DynamoDB on demand, Step Functions Standard. */
export const pricesAsOf = '2026-09';

export const perMillion = {
  'S3 GET': PRICES_PER_MILLION['GetObject'] ?? 0,
  'S3 PUT': PRICES_PER_MILLION['PutObject'] ?? 0,
  /** Events that S3 sends have to be switched on for a bucket, and cost; rules and targets do not. */
  'EventBridge event of S3': 1,
  'SQS request': 0.4,
  'DynamoDB write unit': 0.625,
  'state transition': 25,
} as const;
export type Price = keyof typeof perMillion;
