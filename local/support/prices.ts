import { PRICES_PER_MILLION } from '../../lambda/core/values/cost';

/** AWS's list prices in US dollars per million: us-east-1, S3 Standard, DynamoDB on demand, Step Functions, Lambda. */
export const pricesAsOf = '2026-09';

export const perMillion = {
  'S3 GET': PRICES_PER_MILLION['GetObject'] ?? 0,
  'S3 PUT': PRICES_PER_MILLION['PutObject'] ?? 0,
  /** Events that S3 sends have to be switched on for a bucket, and cost; rules and targets do not. */
  'EventBridge event of S3': 1,
  'SQS request': 0.4,
  'DynamoDB write unit': 0.625,
  'state transition': 25,
  /** An object that a report lists. */
  'S3 Inventory object': 0.0025,
  /** A child of a map that is Express; its duration costs besides. */
  'Express request': 1,
  'Express GB-second': 16.67,
  'Lambda request': 0.2,
  'Lambda GB-second, arm64': 13.3334,
  'Lambda GB-second, x86_64': 16.6667,
  /** Bytes that are kept for a month, in GB. */
  'S3 Standard GB-month': 23_000,
} as const;
export type Price = keyof typeof perMillion;
