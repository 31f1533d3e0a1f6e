import { Agent, request } from 'node:http';

const TIMEOUT_MS = 5_000;

/** JSON over connections that are kept open, as a client library would: a killed server breaks many at once. */
export class HttpClient {
  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  /** @returns {Promise<{status: number, body: any}>} rejects when there is no complete answer in time */
  send(method, path, { key, headers = {}, body } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ host: '127.0.0.1', port: this.port, agent: this.agent, method, path: `/api/v1${path}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          ...(key === undefined ? {} : { 'X-API-Key': key }),
          ...(text === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
          ...headers,
        },
      });
      outgoing.once('error', reject);
      outgoing.once('response', (response) => readJson(response).then(resolve, reject));
      outgoing.end(text);
    });
  }

  /** @throws {Error} with what was answered, when the status is not 2xx */
  async call(method, path, options) {
    const { status, body } = await this.send(method, path, options);
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  close() {
    this.agent.destroy();
  }
}

async function readJson(response) {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}
