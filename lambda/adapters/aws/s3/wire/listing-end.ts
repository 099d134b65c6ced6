import { StoreError } from '../../../../ports/object-store';

/**
 * Where a listing goes on; undefined at its end. S3 always says whether there are more: of an answer that does not, or that does not say
 * where, nobody knows what it leaves out, and what is left out would look deleted.
 */
export function nextMarker(
  bucket: string,
  { IsTruncated }: { readonly IsTruncated?: boolean },
  marker: string | undefined,
): string | undefined {
  if (IsTruncated === undefined)
    throw new StoreError('unavailable', `a listing of ${bucket} does not report whether it continues`);
  if (IsTruncated && marker === undefined)
    throw new StoreError('unavailable', `a listing of ${bucket} continues, but does not report where`);
  return IsTruncated ? marker : undefined;
}
