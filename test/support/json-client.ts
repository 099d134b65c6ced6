import { Readable } from 'node:stream';

/** Settings of a client of a JSON service that always gets this answer. */
export const jsonClient = (sent: unknown[], status: number, body: object) => ({
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  requestHandler: {
    handle: ({ body: request }: { body: Uint8Array }) => {
      sent.push(JSON.parse(new TextDecoder().decode(request)));
      const headers = { 'content-type': 'application/x-amz-json-1.0' };
      return Promise.resolve({
        response: { statusCode: status, headers, body: Readable.from([Buffer.from(JSON.stringify(body))]) },
      });
    },
  },
});
