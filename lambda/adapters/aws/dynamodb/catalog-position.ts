import { CatalogTable } from '../../../contract/catalog-schema';
import type { Item } from './catalog-items';

/** Where a page of the catalog ended: the keys of its last item, as one opaque text. */
export function encodePosition(item: Item, inIndex: boolean): string {
  const names: string[] = [CatalogTable.partitionKey, CatalogTable.sortKey];
  if (inIndex) names.push(CatalogTable.indexPartitionKey, CatalogTable.indexSortKey);
  const keys = Object.fromEntries(names.map((name) => [name, item[name]]));
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

export function decodePosition(text: string): Item {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Item;
}
