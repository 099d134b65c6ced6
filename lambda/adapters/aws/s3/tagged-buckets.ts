import {
  paginateGetResources,
  ResourceGroupsTaggingAPIClient,
  type ResourceGroupsTaggingAPIClientConfig,
} from '@aws-sdk/client-resource-groups-tagging-api';
import type { BucketTags } from '../../../ports/runtime';

/** Finds buckets by their tags with the Resource Groups Tagging API: of this account and Region. */
export class TaggedBuckets implements BucketTags {
  private readonly client: ResourceGroupsTaggingAPIClient;
  constructor(config: ResourceGroupsTaggingAPIClientConfig = {}) {
    this.client = new ResourceGroupsTaggingAPIClient(config);
  }

  async bucketsWith({ key, value }: { readonly key: string; readonly value: string }): Promise<string[]> {
    const buckets: string[] = [];
    const request = { ResourceTypeFilters: ['s3'], TagFilters: [{ Key: key, Values: [value] }] };
    for await (const page of paginateGetResources({ client: this.client }, request)) {
      for (const { ResourceARN: arn = '' } of page.ResourceTagMappingList ?? []) {
        // Other resources of S3 have a Region in their ARN or a path behind the name.
        const name = /^arn:[^:]+:s3:::([^/]+)$/.exec(arn)?.[1];
        if (name !== undefined) buckets.push(name);
      }
    }
    return buckets;
  }
}
