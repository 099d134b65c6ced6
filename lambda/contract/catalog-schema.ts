/** Shape of the catalog table. Both sides need it: the construct makes the table, the runtime fills it. */
export const CatalogTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Sparse index over all jobs and recovery points of the vault, newest last. */
  index: 'byTime',
  indexPartitionKey: 'kind',
  indexSortKey: 'time',
} as const;
