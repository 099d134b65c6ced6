import { randomBytes } from 'node:crypto';
import type { BucketClaim, BucketClaims } from '../../lambda/ports/capture-control';

/** `open` gives one more view of the same claims each time, as each vault of an account has one. */
export function bucketClaimsContract(open: () => BucketClaims): void {
  describe('bucket claims', () => {
    let bucket: string;
    beforeEach(() => {
      bucket = `claimed.${randomBytes(6).toString('hex')}`;
    });
    const claimOf = (vaultBucket: string, at: number, fields: Partial<BucketClaim> = {}): BucketClaim => ({
      bucket,
      vaultBucket,
      at,
      ...fields,
    });

    test('a bucket has none until somebody claims it, and then every vault sees it', async () => {
      expect(await open().find(bucket)).toBeUndefined();
      const claim = claimOf('vault-a', 100, { plan: 'Plan' });
      expect(await open().claim(claim)).toEqual(claim);
      expect(await open().find(bucket)).toEqual(claim);
    });

    test('the first claim holds: a second vault is told whose the bucket is', async () => {
      const first = claimOf('vault-a', 100);
      await open().claim(first);
      expect(await open().claim(claimOf('vault-b', 200))).toEqual(first);
      expect(await open().find(bucket)).toEqual(first);
    });

    test('who names the claim that holds replaces it: its own anew, or that of a vault that is gone', async () => {
      const first = claimOf('vault-a', 100);
      await open().claim(first);
      const renewed = claimOf('vault-a', 200);
      expect(await open().claim(renewed, first)).toEqual(renewed);
      const taken = claimOf('vault-b', 300, { plan: 'Other' });
      expect(await open().claim(taken, renewed)).toEqual(taken);
      expect(await open().find(bucket)).toEqual(taken);
    });

    test('who names a claim that holds no more changes nothing', async () => {
      const first = claimOf('vault-a', 100);
      await open().claim(first);
      const renewed = claimOf('vault-a', 200);
      await open().claim(renewed, first);
      expect(await open().claim(claimOf('vault-b', 300), first)).toEqual(renewed);
      expect(await open().claim(claimOf('vault-b', 300), claimOf('vault-a', 200, { plan: 'x' }))).toEqual(renewed);
    });

    test('of those who replace one claim at the same time, one gets it, and all are told which', async () => {
      const stale = claimOf('vault-a', 100);
      await open().claim(stale);
      const heirs = ['vault-a', 'vault-b', 'vault-c'].map((vault) => claimOf(vault, 1_000_000));
      for (let round = 0; round < 5; round++) {
        const from = { ...((await open().find(bucket)) ?? stale) };
        const later = heirs.map((heir) => ({ ...heir, at: heir.at * (round + 1) }));
        const held = await Promise.all(later.map((heir) => open().claim(heir, from)));
        const [first] = held;
        expect(later).toContainEqual(first);
        expect(held).toEqual(held.map(() => first));
        expect(await open().find(bucket)).toEqual(first);
      }
    });

    test('buckets are claimed apart from each other', async () => {
      const other = { ...claimOf('vault-b', 1), bucket: `${bucket}.log` };
      await open().claim(claimOf('vault-a', 100));
      expect(await open().claim(other)).toEqual(other);
    });

    test('of two vaults that claim at the same time one gets the bucket, and both are told which', async () => {
      const claims = ['vault-a', 'vault-b'].map((vault) => claimOf(vault, 100));
      const answers = await Promise.all(claims.map((claim) => open().claim(claim)));
      expect(answers[0]).toEqual(answers[1]);
      expect(claims).toContainEqual(answers[0]);
      expect(await open().find(bucket)).toEqual(answers[0]);
    });
  });
}
