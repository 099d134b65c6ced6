/** AWS's list prices of us-east-1 in US dollars per million, as of 2026-09. S3 Standard, DynamoDB on demand. */
export const perMillion = {
  'S3 GET': 0.4,
  'S3 PUT': 5,
  /** Events that S3 sends have to be switched on for a bucket, and cost; rules and targets do not. */
  'EventBridge event of S3': 1,
  'SQS request': 0.4,
  'DynamoDB write unit': 0.625,
} as const;
export type Price = keyof typeof perMillion;
