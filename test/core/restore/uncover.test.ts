import { checkMarkers, Hidden, removableMarkers } from '../../../lambda/core/restore/uncover';

const marker = (versionId: string, lastModified = 200) => ({ versionId, isMarker: true, lastModified });
const body = (versionId: string, etag = `etag of ${versionId}`) => ({
  versionId,
  etag,
  isMarker: false,
  lastModified: 100,
});

describe('markers that may go', () => {
  test('are all that lie on top, newest first', () => {
    expect(removableMarkers([marker('b'), marker('a')], 150)).toEqual(['b', 'a']);
  });

  test.each([
    ['nothing lies on top', []],
    ['one is of the second of the instant', [marker('b'), marker('a', 150)]],
    ['one is older', [marker('b'), marker('a', 149)]],
    ['one is a null marker, whose place an object may take', [marker('null')]],
    ['an object is among them', [marker('b'), body('a')]],
    ['they are too many', Array.from({ length: 101 }, (_, i) => marker(String(i)))],
  ])('none, where %s', (_, above) => {
    expect(removableMarkers(above, 150)).toBeUndefined();
  });
});

describe('a key as it is when its markers are to be removed', () => {
  const hidden: Hidden = { key: 'k', versionId: 'v', etag: 'etag of v', markers: ['b', 'a'] };
  const remove = (...markers: string[]) => ({ kind: 'remove', markers });
  const kept = (reason: string) => ({ kind: 'kept', reason });

  test.each([
    ['as it was planned: the oldest goes first', [marker('b'), marker('a'), body('v')], remove('a', 'b')],
    ['half done', [marker('b'), body('v'), body('older')], remove('b')],
    ['done', [body('v'), body('older')], { kind: 'uncovered' }],
    ['with one more marker', [marker('c'), marker('b'), marker('a'), body('v')], kept('other-marker')],
    ['with a marker between', [marker('b'), marker('c'), body('v')], kept('other-marker')],
    ['with a null marker', [marker('null'), body('v')], kept('other-marker')],
    ['with an object on top', [body('w'), marker('b'), marker('a'), body('v')], kept('overwritten')],
    ['with an object between', [marker('b'), body('w'), body('v')], kept('overwritten')],
    ['without the version', [marker('b'), marker('a'), body('older')], kept('version-gone')],
    ['with another one of its ID, a null version', [marker('b'), body('v', 'other')], kept('version-gone')],
    ['with nothing but markers', [marker('b'), marker('a')], kept('version-gone')],
    ['with nothing', [], kept('version-gone')],
  ])('%s', (_, listed, expected) => {
    expect(checkMarkers(hidden, listed)).toEqual(expected);
  });

  test('a marker that has the ID of a planned null marker stays', () => {
    expect(checkMarkers({ ...hidden, markers: ['null'] }, [marker('null'), body('v')])).toEqual(kept('other-marker'));
  });
});
