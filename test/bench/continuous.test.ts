import { captureBench } from '../../bench/capture';

test('an event is at most one request to the bucket and one write to the log', async () => {
  const results = await captureBench();
  for (const { event, events, requests, vaultRequests, logWrites, logWriteUnits } of results) {
    const made = Object.values(requests).reduce((sum, count) => sum + count, 0);
    expect({ event, made }).toEqual({ event, made: event === 'removed' ? 0 : events });
    expect(logWrites).toBe(events);
    // Keys, headers and tags of a usual length: one write unit.
    expect(logWriteUnits).toBe(events);
    // Small bodies of a batch are one file.
    expect(vaultRequests).toEqual(event === 'put' ? { PutObject: events / 100 } : {});
  }
});
